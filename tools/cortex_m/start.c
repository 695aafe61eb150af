/* What a Cortex-M board of qemu needs before main: the table of vectors, the FPU, data and zeros. */
#include <stdint.h>

extern uint32_t stack_top, data_start, data_end, data_in_flash, bss_start, bss_end;
int main(void);
void reset(void);
void _fini(void);
void exit(int);
void initialise_monitor_handles(void); /* newlib's semihosting: printf reaches qemu's terminal */

void reset(void)
{
#if defined(__ARM_FP)
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20; /* CPACR: the FPU for all */
    __asm__ volatile("dsb\n isb");
#endif
    for (uint32_t *to = &data_start, *from = &data_in_flash; to < &data_end;) *to++ = *from++;
    for (uint32_t *to = &bss_start; to < &bss_end;) *to++ = 0;
    initialise_monitor_handles();
    exit(main());
}

void _fini(void) {} /* of C++; newlib's exit asks for it */

static void fault(void) { exit(99); }

__attribute__((section(".vectors"), used)) static const struct {
    void *stack;
    void (*handlers[15])(void);
} vectors = {&stack_top, {reset, fault, fault, fault, fault, fault}};
