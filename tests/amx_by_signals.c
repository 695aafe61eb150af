/* AMX on x86-64 processors that lack it: SIGILL's handler does what the instruction that was refused would do.
 * Intel's description of TDPBF16PS, LDTILECFG and the others; loaded by tests/kernels/test_tile_instructions.py.
 *
 * gcc -shared -fPIC -O1 amx_by_signals.c -lm */
#define _GNU_SOURCE
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <xmmintrin.h>

static struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes_of_row[16];
    uint8_t rows[16];
} shapes;
static uint8_t tiles[8][16][64];
static long n_done;

long amx_instructions_done(void) { return n_done; }

static void refuse(const char *why)
{
    ssize_t write(int, const void *, size_t);
    (void)!write(2, why, strlen(why));
    abort();
}

static int number_of(int tile)
{
    if (shapes.palette != 1 || tile > 7) refuse("a tile that is not configured\n");
    return tile;
}

/* A register of the program by its number in instructions */
static uint64_t reg(const ucontext_t *program, int number)
{
    static const int places[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                   REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    return (uint64_t)program->uc_mcontext.gregs[places[number]];
}

/* Address and stride of a memory operand; *next is set behind it */
static uint8_t *operand(
    const ucontext_t *program, const uint8_t *modrm, int x, int b, uint64_t *stride, const uint8_t **next)
{
    int mod = *modrm >> 6, rm = *modrm & 7;
    const uint8_t *at = modrm + 1;
    uint64_t address;
    *stride = 0;
    if (rm == 4) {
        int scale = *at >> 6, index = (*at >> 3 & 7) | x << 3, base = (*at & 7) | b << 3;
        at++;
        if (mod == 0 && (base & 7) == 5) refuse("an address without a base\n");
        address = reg(program, base);
        if (index != 4) *stride = reg(program, index) << scale;
    } else {
        if (mod == 0 && rm == 5) refuse("an address relative to the program counter\n");
        address = reg(program, rm | b << 3);
    }
    if (mod == 1) address += (uint64_t)(int64_t)(int8_t)*at++;
    if (mod == 2) {
        int32_t displacement;
        memcpy(&displacement, at, 4);
        address += (uint64_t)(int64_t)displacement;
        at += 4;
    }
    *next = at;
    return (uint8_t *)address;
}

static float half(const uint8_t *tile_row, int i)
{
    uint16_t bits;
    uint32_t wide;
    float x;
    memcpy(&bits, tile_row + 2 * i, 2);
    wide = (uint32_t)bits << 16;
    memcpy(&x, &wide, 4);
    return x;
}

static void dot(int c, int a, int b)
{
    unsigned mode = _mm_getcsr();
    _mm_setcsr(0x9fc0); /* all masked, nearest even, subnormal numbers are 0 */
    if (shapes.bytes_of_row[a] / 4 != shapes.rows[b] || shapes.rows[a] != shapes.rows[c])
        refuse("tiles of shapes that cannot be multiplied\n");
    for (int i = 0; i < shapes.rows[c]; i++)
        for (int j = 0; j < shapes.bytes_of_row[c] / 4; j++) {
            volatile float even = 0, odd = 0, sum;
            for (int k = 0; k < shapes.rows[b]; k++) {
                even = fmaf(half(tiles[a][i], 2 * k), half(tiles[b][k], 2 * j), even);
                odd = fmaf(half(tiles[a][i], 2 * k + 1), half(tiles[b][k], 2 * j + 1), odd);
            }
            memcpy((void *)&sum, tiles[c][i] + 4 * j, 4);
            even = even + odd;
            sum = sum + even;
            memcpy(tiles[c][i] + 4 * j, (const void *)&sum, 4);
        }
    _mm_setcsr(mode);
}

static void on_illegal(int number, siginfo_t *info, void *context)
{
    ucontext_t *program = context;
    const uint8_t *code = (const uint8_t *)program->uc_mcontext.gregs[REG_RIP], *next = code + 5;
    (void)number;
    (void)info;
    if (code[0] != 0xc4 || (code[1] & 0x1f) != 2) refuse("an illegal instruction that is not of AMX\n");
    int x = !(code[1] & 0x40), b = !(code[1] & 0x20), prefix = code[2] & 3, vvvv = ~code[2] >> 3 & 15;
    int is_register = code[4] >> 6 == 3, tile = code[4] >> 3 & 7;
    uint64_t stride;
    if (code[3] == 0x49 && prefix == 0 && code[4] == 0xc0) { /* TILERELEASE */
        memset(&shapes, 0, sizeof shapes);
        memset(tiles, 0, sizeof tiles);
    } else if (code[3] == 0x49 && prefix == 0 && !is_register) { /* LDTILECFG */
        memcpy(&shapes, operand(program, code + 4, x, b, &stride, &next), sizeof shapes);
        memset(tiles, 0, sizeof tiles);
        for (int i = 0; i < 14; i++)
            if (shapes.reserved[i]) refuse("a configuration that is not valid\n");
        for (int i = 0; i < 16; i++)
            if (i < 8 ? shapes.bytes_of_row[i] > 64 || shapes.rows[i] > 16 : shapes.rows[i] != 0)
                refuse("a configuration that is not valid\n");
    } else if (code[3] == 0x49 && prefix == 3 && is_register) { /* TILEZERO */
        memset(tiles[number_of(tile)], 0, sizeof tiles[0]);
    } else if (code[3] == 0x4b && prefix >= 2 && !is_register) { /* TILELOADD, TILESTORED */
        uint8_t *at = operand(program, code + 4, x, b, &stride, &next);
        number_of(tile);
        if (prefix == 3) memset(tiles[tile], 0, sizeof tiles[tile]);
        for (int i = 0; i < shapes.rows[tile]; i++, at += stride)
            memcpy(
                prefix == 3 ? tiles[tile][i] : at, prefix == 3 ? at : tiles[tile][i],
                shapes.bytes_of_row[tile]);
    } else if (code[3] == 0x5c && prefix == 2 && is_register) { /* TDPBF16PS */
        dot(number_of(tile), number_of(code[4] & 7), number_of(vvvv));
    } else {
        refuse("an illegal instruction that is not known here\n");
    }
    n_done++;
    program->uc_mcontext.gregs[REG_RIP] = (greg_t)next;
}

void amx_by_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_illegal;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGILL, &action, NULL);
}
