/* The gradient of a table of which a batch has seen some rows. */
#ifndef GRUC_TOKEN_ROWS_H
#define GRUC_TOKEN_ROWS_H

#include "../base/portability.h"

/* A line of memory that will be needed soon */
#if defined(__GNUC__)
#define GRUC_PREFETCH(address) __builtin_prefetch(address)
#else
#define GRUC_PREFETCH(address) ((void)(address))
#endif

typedef struct {
    size_t n;
    int32_t *tokens; /* (n,) the rows seen: distinct, in rising order */
    void *rows;      /* (n, D) their gradients */
} gruc_token_rows;

#endif
