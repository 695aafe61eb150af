/* What differs between compilers, and nothing else. */
#ifndef GRUC_PORTABILITY_H
#define GRUC_PORTABILITY_H

#if defined(_MSC_VER) || defined(__cplusplus)
#define GRUC_RESTRICT __restrict
#else
#define GRUC_RESTRICT restrict
#endif

/* Not every program that includes these headers calls every kernel. */
#if defined(__GNUC__)
#define GRUC_KERNEL static inline __attribute__((unused))
#else
#define GRUC_KERNEL static inline
#endif

#endif
