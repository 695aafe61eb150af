/* How many steps of a sequence make one input: frames begin at step 0, a hop apart, and cover the
 * sequence; the last may reach beyond its end. */
#ifndef GRUC_FRAMING_H
#define GRUC_FRAMING_H

#include "portability.h"

/* n / d, and what is left, by additions and shifts */
GRUC_STATIC uint64_t gruc_long_division(uint64_t n, uint32_t d, uint32_t *rest)
{
    uint64_t quotient = 0, left = 0;
    for (int bit = 0; bit < 64; bit++, n <<= 1) {
        left = left << 1 | n >> 63;
        quotient <<= 1;
        if (left >= d) {
            left -= d;
            quotient |= 1;
        }
    }
    *rest = (uint32_t)left;
    return quotient;
}

/* The same. Processors of 32 bits and less divide 64 bits by a routine of 1 kB, which programs need not have: up
 * to 2^32 steps, a division of 32 bits does. */
GRUC_APART uint64_t gruc_quotient(uint64_t n, size_t d, size_t *rest)
{
    uint32_t left;
    if (sizeof(size_t) > 4) {
        *rest = (size_t)(n % d);
        return n / d;
    }
    if (n >> 32 == 0) {
        *rest = (size_t)((uint32_t)n % (uint32_t)d);
        return (uint32_t)n / (uint32_t)d;
    }
    n = gruc_long_division(n, (uint32_t)d, &left);
    *rest = left;
    return n;
}

/* Frames of a sequence of n_steps > 0 steps, which of a stream may be more than 2^32 on any machine */
GRUC_STATIC uint64_t gruc_n_frames(uint64_t n_steps, size_t frame_length, size_t hop_length)
{
    size_t rest;
    if (n_steps <= frame_length) return 1;
    uint64_t to_cover = gruc_quotient(n_steps - frame_length + hop_length - 1, hop_length, &rest);
    uint64_t to_begin =
        gruc_quotient(n_steps - 1, hop_length, &rest); /* fewer, where hops are longer than frames */
    return 1 + (to_cover < to_begin ? to_cover : to_begin);
}

/* Those of them that end within the sequence: all, or all but the last */
GRUC_STATIC uint64_t gruc_n_full_frames(uint64_t n_steps, size_t frame_length, size_t hop_length)
{
    size_t rest;
    if (n_steps < frame_length) return 0;
    n_steps -= frame_length;
    return 1 + (hop_length == 1 ? n_steps : gruc_quotient(n_steps, hop_length, &rest));
}

/* Whether the last of n_steps > 0 steps is the last one of a frame */
GRUC_STATIC int gruc_ends_frame(uint64_t n_steps, size_t frame_length, size_t hop_length)
{
    size_t rest = 0;
    if (n_steps < frame_length) return 0;
    if (hop_length > 1) (void)gruc_quotient(n_steps - frame_length, hop_length, &rest);
    return rest == 0;
}

#endif
