/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Headers with what the cases use and the kernel's own bindings lack.
 * bindgen_parameters names the functions and constants.
 *
 * Sorted alphabetically.
 */

#include <linux/sizes.h>
#include <linux/vmalloc.h>
