/* The words of BIP-39 in English. */
#ifndef TW_WALLET_WORDLIST_H
#define TW_WALLET_WORDLIST_H

#define WORDLIST_WORDS 2048
#define WORDLIST_WIDTH 9 /* the longest has eight letters */

extern const char WORDLIST[WORDLIST_WORDS][WORDLIST_WIDTH];

#endif
