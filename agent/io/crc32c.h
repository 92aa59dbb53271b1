/* CRC-32C (Castagnoli, reflected polynomial 0x82F63B78, RFC 3720 appendix B.4): the check of each
 * journal record. Finds accidents; against intent the journal has its hash chain. */
#ifndef TW_IO_CRC32C_H
#define TW_IO_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of [len] bytes appended to a text whose checksum is [crc]; 0 for the empty text. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

#endif
