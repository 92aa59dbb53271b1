/* Certificates for tests: an authority and servers signed by it, as PEM files in a directory. */
#ifndef TW_TEST_CA_H
#define TW_TEST_CA_H

/* Makes [dir]/[name].pem (certificate) and [dir]/[name].key: an authority of its own. */
void test_ca_make(const char *dir, const char *name);

/* Makes [dir]/[name].pem and .key: a server certificate for [san] ("DNS:localhost,IP:127.0.0.1"),
 * signed by the authority [ca] of the same directory, valid from [from_s] to [to_s] seconds from
 * now. */
void test_ca_sign(const char *dir, const char *ca, const char *name, const char *san, long from_s,
                  long to_s);

#endif
