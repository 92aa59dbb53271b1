/* The configuration that `tradewind init` writes. A test checks that it is good. */
#ifndef TW_MAIN_STARTER_H
#define TW_MAIN_STARTER_H

extern const char STARTER_TOML[];

#endif
