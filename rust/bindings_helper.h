/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Headers with what the cases use and the kernel's own bindings lack.
 * bindgen_parameters names the functions and constants.
 *
 * Sorted alphabetically.
 */

#include <linux/amba/bus.h>
#include <linux/cma.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/kprobes.h>
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/mman.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>
#include <asm/early_ioremap.h>
#include <asm/fixmap.h>
#ifdef CONFIG_OF
#include <linux/of.h>
#endif
#ifdef CONFIG_X86
#include <asm/apicdef.h>
#include <asm/e820/api.h>
#endif

#ifdef CONFIG_HAVE_MEMBLOCK_PHYS_MAP
/* Declared in <linux/memblock.h>, but inside a function. */
extern struct memblock_type physmem;
#endif

/*
 * Constants that bindgen does not recognize by themselves. Those that use the highest
 * bit are signed here: bindgen before 0.72 drops an unsigned one that is so large.
 */
const long RUST_CONST_HELPER_FIXADDR_START = FIXADDR_START;
const long RUST_CONST_HELPER_FIXADDR_TOP = FIXADDR_TOP;
const long RUST_CONST_HELPER_FIXADDR_TOT_START = FIXADDR_TOT_START;
const gfp_t RUST_CONST_HELPER_GFP_HIGHUSER_MOVABLE = GFP_HIGHUSER_MOVABLE;
const long RUST_CONST_HELPER_MODULES_END = MODULES_END;
const long RUST_CONST_HELPER_MODULES_VADDR = MODULES_VADDR;
const unsigned int RUST_CONST_HELPER_NR_FIX_BTMAPS = NR_FIX_BTMAPS;
const unsigned int RUST_CONST_HELPER_pageblock_order = pageblock_order;

#ifdef CONFIG_X86
const unsigned int RUST_CONST_HELPER_ARCH_LOW_ADDRESS_LIMIT = ARCH_LOW_ADDRESS_LIMIT;
const long RUST_CONST_HELPER_CPU_ENTRY_AREA_BASE = CPU_ENTRY_AREA_BASE;
const long RUST_CONST_HELPER_PAGE_KERNEL = __PAGE_KERNEL;
const long RUST_CONST_HELPER_VMALLOC_SIZE_TB_L4 = VMALLOC_SIZE_TB_L4;
const long RUST_CONST_HELPER___PAGE_KERNEL_IO = __PAGE_KERNEL_IO;
const long RUST_CONST_HELPER___PAGE_OFFSET_BASE_L4 = __PAGE_OFFSET_BASE_L4;
const long RUST_CONST_HELPER___VMALLOC_BASE_L4 = __VMALLOC_BASE_L4;
const long RUST_CONST_HELPER___VMEMMAP_BASE_L4 = __VMEMMAP_BASE_L4;
const long RUST_CONST_HELPER___START_KERNEL_map = __START_KERNEL_map;
#endif

#ifdef CONFIG_ARM64
/* Without the not-global bit, which depends on the CPU: it is no constant. */
#undef PTE_MAYBE_NG
#define PTE_MAYBE_NG 0
const long RUST_CONST_HELPER_PCI_IO_END = PCI_IO_END;
const long RUST_CONST_HELPER_PCI_IO_START = PCI_IO_START;
const long RUST_CONST_HELPER_PAGE_END = _PAGE_END(VA_BITS_MIN);
const long RUST_CONST_HELPER_PAGE_OFFSET = PAGE_OFFSET;
const long RUST_CONST_HELPER_PAGE_KERNEL = _PAGE_KERNEL;
const long RUST_CONST_HELPER_VMALLOC_END = VMALLOC_END;
const long RUST_CONST_HELPER_VMALLOC_START = VMALLOC_START;
const long RUST_CONST_HELPER_VMEMMAP_END = VMEMMAP_END;
const long RUST_CONST_HELPER_VMEMMAP_START = VMEMMAP_START;
const long RUST_CONST_HELPER_PROT_DEVICE_nGnRE = PROT_DEVICE_nGnRE;
#endif
