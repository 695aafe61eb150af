"""GRU layers on the tiles of bfloat16 that some processors have (AMX).

`inference` and `training` take these kernels for ``matmul_precision`` "high" and "medium"; nothing else loads
this module.
"""

from cpython.pycapsule cimport PyCapsule_New

cdef extern from "gruc/extensions/tiles_of_processor.h" nogil:
    """
    #ifdef GRUC_AMX
    static const void *gruc_granted_tiles(void)
    {
        return gruc_ask_for_tiles() ? &gruc_tile_kernels_amx_f32 : NULL;
    }
    #else
    static const void *gruc_granted_tiles(void) { return NULL; }
    #endif
    """
    const void *gruc_granted_tiles() noexcept


def provider():
    """The kernels, as `use` of other extensions takes them; None where processor or operating system refuse.

    Asks the operating system for the tiles, on behalf of the process.
    """
    cdef const void *granted = gruc_granted_tiles()
    return None if granted == NULL else PyCapsule_New(<void *> granted, "gruc_tile_kernels", NULL)
