#include "main/policy_show.h"

#include "wallet/policy_words.h"

#define QUOTES_MAX POLICY_INSTRUMENTS_MAX

/* The smaller of a value and of a quantity at the ceiling; shared among [parts]. */
static dec most_of(dec base, dec value, dec ceiling, uint32_t parts)
{
    dec at_ceiling, part;
    dec most = dec_mul(base, ceiling, DEC_UP, &at_ceiling) ? dec_min(value, at_ceiling) : value;
    return dec_div(most, dec_from_i64(parts, 0), DEC_DOWN, &part) ? part : most;
}

static bool trades(const struct policy_key *k)
{
    return k->ops & (POLICY_ORDER | POLICY_CANCEL_REPLACE) && k->types && k->rate;
}

static bool has_market(const struct policy_key *k)
{
    return k->types >> WIRE_MARKET & 1;
}

struct policy_most policy_most(const struct policy_key *k, const struct policy_instrument *i)
{
    struct policy_most m = {DEC_ZERO, DEC_ZERO, DEC_ZERO, DEC_ZERO};
    if (!trades(k))
        return m;
    m.hour = most_of(i->hour_base, i->hour_value, i->ceiling, 1);
    m.day = most_of(i->day_base, i->day_value, i->ceiling, 1);
    m.hour = dec_min(m.hour, m.day);
    m.order = most_of(i->order_base, i->order_value, i->ceiling, 1);
    m.order = dec_min(m.order, most_of(i->hour_base, i->hour_value, i->ceiling, k->replays));
    m.order = dec_min(m.order, most_of(i->day_base, i->day_value, i->ceiling, k->replays));
    dec apart;
    bool good = dec_sub(i->ceiling, i->floor, &apart) &&
                dec_mul_div(m.day, apart, i->ceiling, DEC_UP, &m.lost);
    if (has_market(k) || !good)
        m.lost = m.day;
    return m;
}

/* ---- sums by quote asset ---- */

struct sum {
    const char *quote;
    dec traded, lost;
    bool overflow;
};

static const char *quote_of(const struct policy_instrument *i)
{
    return strchr(i->symbol, '-') + 1; /* wire_symbol_ok() */
}

static uint32_t add_up(const struct policy *p, struct sum *sum)
{
    uint32_t n = 0;
    for (uint32_t key = 0; key < p->keys; key++) {
        const struct policy_key *k = &p->key[key];
        for (uint32_t x = k->first; x < k->first + k->instruments; x++) {
            const struct policy_instrument *i = &p->instrument[x];
            struct policy_most m = policy_most(k, i);
            uint32_t at = 0;
            if (!trades(k))
                continue;
            while (at < n && strcmp(sum[at].quote, quote_of(i)) != 0)
                at++;
            if (at == n)
                sum[n++] = (struct sum){quote_of(i), DEC_ZERO, DEC_ZERO, false};
            if (!dec_add(sum[at].traded, m.day, &sum[at].traded) ||
                !dec_add(sum[at].lost, m.lost, &sum[at].lost))
                sum[at].overflow = true;
        }
    }
    return n;
}

/* ---- for people ---- */

static const char *text_of(dec d, char out[static DEC_TEXT_MAX])
{
    dec_format(d, out);
    return out;
}

static void print_instruments(FILE *out, const struct policy *p, const struct policy_key *k)
{
    char a[DEC_TEXT_MAX], b[DEC_TEXT_MAX], c[DEC_TEXT_MAX];
    if (!k->instruments)
        return;
    fprintf(out, "  %-14s %16s %16s %16s\n", "at most", "an order", "an hour", "a day");
    for (uint32_t x = k->first; x < k->first + k->instruments; x++) {
        const struct policy_instrument *i = &p->instrument[x];
        struct policy_most m = policy_most(k, i);
        fprintf(out, "  %-14s %16s %16s %16s  base\n", i->symbol, text_of(i->order_base, a),
                text_of(i->hour_base, b), text_of(i->day_base, c));
        fprintf(out, "  %-14s %16s %16s %16s  value, %s\n", "", text_of(i->order_value, a),
                text_of(i->hour_value, b), text_of(i->day_value, c), quote_of(i));
        fprintf(out, "  %-14s %16s %16s %16s  both, at the ceiling, %s\n", "", text_of(m.order, a),
                text_of(m.hour, b), text_of(m.day, c), quote_of(i));
        fprintf(out, "  %-14s sells from %s, buys up to %s; worst day %s %s traded, ", "",
                text_of(i->floor, a), text_of(i->ceiling, b), text_of(m.day, c), quote_of(i));
        fprintf(out, "%s lost\n", text_of(m.lost, a));
    }
}

static void print_key(FILE *out, const struct policy *p, const struct policy_key *k)
{
    char words[POLICY_WORDS_MAX];
    fprintf(out, "\nkey %s on %s\n", k->label, k->network);
    fprintf(out, "  may sign: %s\n", policy_op_words(k->ops, words));
    if (trades(k))
        fprintf(out, "  orders: %s; at most %u a minute, each counts %u %s\n",
                policy_type_words(k->types, words), k->rate, k->replays,
                k->replays == 1 ? "time" : "times (replays)");
    fprintf(out, "  a request is valid for at most %u ms, its timestamp at most %u ms off\n",
            k->window_ms, k->skew_ms);
    print_instruments(out, p, k);
}

void policy_show(FILE *out, const struct policy *p)
{
    static struct sum sum[QUOTES_MAX];
    uint32_t sums = add_up(p, sum);
    char traded[DEC_TEXT_MAX], lost[DEC_TEXT_MAX];
    if (p->keys == 0)
        fputs("It allows nothing.\n", out);
    else
        fprintf(out, "%u %s, %u %s\n", p->keys, p->keys == 1 ? "key" : "keys", p->instruments,
                p->instruments == 1 ? "instrument" : "instruments");
    for (uint32_t n = 0; n < p->keys; n++)
        print_key(out, p, &p->key[n]);
    fputs(p->keys ? "\nworst day:" : "", out);
    for (uint32_t n = 0; n < sums; n++)
        if (sum[n].overflow)
            fprintf(out, "%s more %s than a number holds", n ? ";" : "", sum[n].quote);
        else
            fprintf(out, "%s %s %s traded, %s lost", n ? ";" : "", text_of(sum[n].traded, traded),
                    sum[n].quote, text_of(sum[n].lost, lost));
    if (p->keys)
        fputs(sums ? "\n" : " no order\n", out);
}

/* ---- for programs ---- */

static bool add_dec(cJSON *o, const char *key, dec d)
{
    char text[DEC_TEXT_MAX];
    return cJSON_AddStringToObject(o, key, text_of(d, text)) != NULL;
}

static bool add_words(cJSON *o, const char *key, unsigned bits, const char *all)
{
    cJSON *list = cJSON_AddArrayToObject(o, key);
    for (unsigned bit = 0; list && *all; bit++) {
        char word[32];
        size_t len = strcspn(all, "|");
        snprintf(word, sizeof word, "%.*s", (int)len, all);
        if (bits >> bit & 1 && !cJSON_AddItemToArray(list, cJSON_CreateString(word)))
            return false;
        all += len + (all[len] == '|');
    }
    return list != NULL;
}

static bool add_instrument(cJSON *all, const struct policy_key *k,
                           const struct policy_instrument *i)
{
    struct policy_most m = policy_most(k, i);
    cJSON *o = cJSON_CreateObject();
    return cJSON_AddItemToArray(all, o) && cJSON_AddStringToObject(o, "symbol", i->symbol) &&
           add_dec(o, "price_floor", i->floor) && add_dec(o, "price_ceiling", i->ceiling) &&
           add_dec(o, "max_base_per_order", i->order_base) &&
           add_dec(o, "max_value_per_order", i->order_value) &&
           add_dec(o, "max_base_per_hour", i->hour_base) &&
           add_dec(o, "max_value_per_hour", i->hour_value) &&
           add_dec(o, "max_base_per_day", i->day_base) &&
           add_dec(o, "max_value_per_day", i->day_value) && add_dec(o, "most_per_order", m.order) &&
           add_dec(o, "most_per_hour", m.hour) && add_dec(o, "most_per_day", m.day) &&
           add_dec(o, "most_lost_per_day", m.lost);
}

static bool add_key(cJSON *all, const struct policy *p, const struct policy_key *k)
{
    cJSON *o = cJSON_CreateObject(), *on;
    if (!cJSON_AddItemToArray(all, o) || !cJSON_AddStringToObject(o, "label", k->label) ||
        !cJSON_AddStringToObject(o, "network", k->network) ||
        !add_words(o, "operations", k->ops, POLICY_OP_WORDS) ||
        !add_words(o, "order_types", k->types >> 1, POLICY_TYPE_WORDS) ||
        !cJSON_AddNumberToObject(o, "max_validity_ms", k->window_ms) ||
        !cJSON_AddNumberToObject(o, "max_clock_skew_ms", k->skew_ms) ||
        !cJSON_AddNumberToObject(o, "max_orders_per_minute", k->rate) ||
        !cJSON_AddNumberToObject(o, "replays", k->replays) ||
        !(on = cJSON_AddArrayToObject(o, "instruments")))
        return false;
    for (uint32_t i = k->first; i < k->first + k->instruments; i++)
        if (!add_instrument(on, k, &p->instrument[i]))
            return false;
    return true;
}

static bool add_worst(cJSON *root, const struct policy *p)
{
    static struct sum sum[QUOTES_MAX];
    uint32_t n = add_up(p, sum);
    cJSON *all = cJSON_AddArrayToObject(root, "worst_day");
    for (uint32_t i = 0; all && i < n; i++) {
        cJSON *o = cJSON_CreateObject();
        if (!cJSON_AddItemToArray(all, o) || !cJSON_AddStringToObject(o, "quote", sum[i].quote))
            return false;
        if (sum[i].overflow
                ? !cJSON_AddNullToObject(o, "traded") || !cJSON_AddNullToObject(o, "lost")
                : !add_dec(o, "traded", sum[i].traded) || !add_dec(o, "lost", sum[i].lost))
            return false;
    }
    return all != NULL;
}

bool policy_show_json(cJSON *to, const struct policy *p)
{
    cJSON *keys = cJSON_AddArrayToObject(to, "keys");
    if (!keys)
        return false;
    for (uint32_t n = 0; n < p->keys; n++)
        if (!add_key(keys, p, &p->key[n]))
            return false;
    return add_worst(to, p);
}
