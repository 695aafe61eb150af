/* How many steps of a sequence make one input: frames begin at step 0, a hop apart, and cover the
 * sequence; the last may reach beyond its end. */
#ifndef GRUC_FRAMING_H
#define GRUC_FRAMING_H

#include "portability.h"

/* Frames of a sequence of n_steps > 0 steps, which of a stream may be more than 2^32 on any machine */
GRUC_STATIC uint64_t gruc_n_frames(uint64_t n_steps, uint64_t frame_length, uint64_t hop_length)
{
    if (n_steps <= frame_length) return 1;
    uint64_t to_cover = (n_steps - frame_length + hop_length - 1) / hop_length;
    uint64_t to_begin = (n_steps - 1) / hop_length; /* fewer, where hops are longer than frames */
    return 1 + (to_cover < to_begin ? to_cover : to_begin);
}

/* Those of them that end within the sequence: all, or all but the last */
GRUC_STATIC uint64_t gruc_n_full_frames(uint64_t n_steps, uint64_t frame_length, uint64_t hop_length)
{
    if (n_steps < frame_length) return 0;
    return 1 + (hop_length == 1 ? n_steps - frame_length : (n_steps - frame_length) / hop_length);
}

/* Whether the last of n_steps > 0 steps is the last one of a frame */
GRUC_STATIC int gruc_ends_frame(uint64_t n_steps, uint64_t frame_length, uint64_t hop_length)
{
    return n_steps >= frame_length && (hop_length == 1 || (n_steps - frame_length) % hop_length == 0);
}

#endif
