/* Every endpoint and every call of the websocket API: parameters, weight, who may ask, handler.
 * Parameters; a mandatory one has a '+' in front. Handlers of market data know their places. */
#include "sim/box_rest_parts.h"

#define END                                                                                        \
    {                                                                                              \
        NULL, BOX_FORM_TEXT                                                                        \
    }
#define P(...)                                                                                     \
    (const struct box_spec[])                                                                      \
    {                                                                                              \
        __VA_ARGS__, END                                                                           \
    }
#define NOTHING                                                                                    \
    (const struct box_spec[])                                                                      \
    {                                                                                              \
        END                                                                                        \
    }

/* clang-format off */
#define SYMBOL {"+symbol", BOX_FORM_SYMBOL}
#define ANY {"symbol", BOX_FORM_SYMBOL}, {"symbols", BOX_FORM_SYMBOLS}
#define STATUS {"symbolStatus", BOX_FORM_STATUS}
#define TEXT(n) {n, BOX_FORM_TEXT}
#define NUMBER(n) {n, BOX_FORM_NUMBER}
#define MONEY(n) {n, BOX_FORM_MONEY}
#define NAME(n) {n, BOX_FORM_CLIENT_ID}
#define FLAG(n) {n, BOX_FORM_FLAG}
#define LIMIT NUMBER("limit")
#define RANGE NUMBER("startTime"), NUMBER("endTime")
#define KLINES SYMBOL, TEXT("+interval"), RANGE, LIMIT
#define REPLY {"newOrderRespType", BOX_FORM_REPLY}, {"selfTradePreventionMode", BOX_FORM_STP}
#define ORDER SYMBOL, {"+side", BOX_FORM_SIDE}, {"+type", BOX_FORM_TYPE}, \
    {"timeInForce", BOX_FORM_TIF}, MONEY("quantity"), MONEY("quoteOrderQty"), MONEY("price"), \
    NAME("newClientOrderId"), NUMBER("strategyId"), NUMBER("strategyType"), MONEY("stopPrice"), \
    NUMBER("trailingDelta"), MONEY("icebergQty"), REPLY, TEXT("pegPriceType"), \
    NUMBER("pegOffsetValue"), TEXT("pegOffsetType")
#define ONLY {"cancelRestrictions", BOX_FORM_RESTRICTION}
#define LEG(x) {"+" x "Type", BOX_FORM_TYPE}, NAME(x "ClientOrderId"), MONEY(x "IcebergQty"), \
    MONEY(x "Price"), MONEY(x "StopPrice"), {x "TimeInForce", BOX_FORM_TIF}, \
    NUMBER(x "StrategyId"), NUMBER(x "StrategyType")

const struct box_row BOX_ROUTES[] = {
    /* market data */
    {"/api/v3/ping", BOX_GET, "ping", 1, BOX_OPEN, false, box_answer_ping, NOTHING},
    {"/api/v3/time", BOX_GET, "time", 1, BOX_OPEN, false, box_answer_time, NOTHING},
    {"/api/v3/exchangeInfo", BOX_GET, "exchangeInfo", 20, BOX_OPEN, false,
     box_answer_exchange_info, P(ANY, TEXT("permissions"), TEXT("showPermissionSets"), STATUS)},
    {"/api/v3/depth", BOX_GET, "depth", 5, BOX_OPEN, false, box_answer_depth,
     P(SYMBOL, LIMIT, STATUS)},
    {"/api/v3/trades", BOX_GET, "trades.recent", 25, BOX_OPEN, false, box_answer_trades,
     P(SYMBOL, LIMIT)},
    {"/api/v3/historicalTrades", BOX_GET, "trades.historical", 25, BOX_OPEN, false,
     box_answer_trades, P(SYMBOL, LIMIT, NUMBER("fromId"))},
    {"/api/v3/aggTrades", BOX_GET, "trades.aggregate", 4, BOX_OPEN, false, box_answer_agg_trades,
     P(SYMBOL, LIMIT, NUMBER("fromId"), RANGE)},
    {"/api/v3/klines", BOX_GET, "klines", 2, BOX_OPEN, false, box_answer_klines, P(KLINES)},
    {"/api/v3/uiKlines", BOX_GET, "uiKlines", 2, BOX_OPEN, false, box_answer_klines, P(KLINES)},
    {"/api/v3/avgPrice", BOX_GET, "avgPrice", 2, BOX_OPEN, false, box_answer_average, P(SYMBOL)},
    {"/api/v3/ticker/price", BOX_GET, "ticker.price", 2, BOX_OPEN, false, box_answer_price,
     P(ANY, STATUS)},
    {"/api/v3/ticker/bookTicker", BOX_GET, "ticker.book", 2, BOX_OPEN, false,
     box_answer_book_ticker, P(ANY, STATUS)},
    {"/api/v3/ticker/24hr", BOX_GET, "ticker.24hr", 2, BOX_OPEN, false, box_answer_24hr,
     P(ANY, TEXT("type"), STATUS)},
    /* orders */
    {"/api/v3/order", BOX_POST, "order.place", 1, BOX_TRADE, true, box_answer_new_order, P(ORDER)},
    {"/api/v3/order/test", BOX_POST, "order.test", 1, BOX_TRADE, false, box_answer_test_order,
     P(ORDER, FLAG("computeCommissionRates"))},
    {"/api/v3/order", BOX_DELETE, "order.cancel", 1, BOX_TRADE, true, box_answer_cancel,
     P(SYMBOL, NUMBER("orderId"), NAME("origClientOrderId"), NAME("newClientOrderId"), ONLY)},
    {"/api/v3/openOrders", BOX_DELETE, "openOrders.cancelAll", 1, BOX_TRADE, true,
     box_answer_cancel_all, P(SYMBOL)},
    {"/api/v3/order/cancelReplace", BOX_POST, "order.cancelReplace", 1, BOX_TRADE, true,
     box_answer_replace,
     P(ORDER, {"+cancelReplaceMode", BOX_FORM_MODE}, NAME("cancelNewClientOrderId"),
       NAME("cancelOrigClientOrderId"), NUMBER("cancelOrderId"), ONLY,
       {"orderRateLimitExceededMode", BOX_FORM_RATE_MODE})},
    {"/api/v3/orderList/oco", BOX_POST, "orderList.place.oco", 1, BOX_TRADE, true, box_answer_oco,
     P(SYMBOL, NAME("listClientOrderId"), {"+side", BOX_FORM_SIDE}, MONEY("+quantity"),
       LEG("above"), LEG("below"), REPLY)},
    {"/api/v3/orderList", BOX_DELETE, "orderList.cancel", 1, BOX_TRADE, true,
     box_answer_cancel_list,
     P(SYMBOL, NUMBER("orderListId"), NAME("listClientOrderId"), NAME("newClientOrderId"))},
    /* accounts */
    {"/api/v3/order", BOX_GET, "order.status", 4, BOX_READ, false, box_answer_order,
     P(SYMBOL, NUMBER("orderId"), NAME("origClientOrderId"))},
    {"/api/v3/openOrders", BOX_GET, "openOrders.status", 6, BOX_READ, false,
     box_answer_open_orders, P({"symbol", BOX_FORM_SYMBOL})},
    {"/api/v3/allOrders", BOX_GET, "allOrders", 20, BOX_READ, false, box_answer_all_orders,
     P(SYMBOL, NUMBER("orderId"), RANGE, LIMIT)},
    {"/api/v3/myTrades", BOX_GET, "myTrades", 20, BOX_READ, false, box_answer_my_trades,
     P(SYMBOL, NUMBER("orderId"), RANGE, NUMBER("fromId"), LIMIT)},
    {"/api/v3/account", BOX_GET, "account.status", 20, BOX_READ, false, box_answer_account,
     P(FLAG("omitZeroBalances"))},
    {"/api/v3/account/commission", BOX_GET, "account.commission", 20, BOX_READ, false,
     box_answer_commission, P(SYMBOL)},
    {"/api/v3/rateLimit/order", BOX_GET, "account.rateLimits.orders", 40, BOX_READ, false,
     box_answer_order_counts, NOTHING},
    {"/api/v3/orderList", BOX_GET, "orderList.status", 4, BOX_READ, false, box_answer_list,
     P(NUMBER("orderListId"), NAME("origClientOrderId"))},
    {"/api/v3/openOrderList", BOX_GET, "openOrderLists.status", 6, BOX_READ, false,
     box_answer_open_lists, NOTHING},
    {"/api/v3/allOrderList", BOX_GET, "allOrderLists", 20, BOX_READ, false, box_answer_all_lists,
     P(NUMBER("fromId"), RANGE, LIMIT)},
    {"/api/v3/myPreventedMatches", BOX_GET, "myPreventedMatches", 20, BOX_READ, false,
     box_answer_prevented,
     P(SYMBOL, NUMBER("preventedMatchId"), NUMBER("orderId"), NUMBER("fromPreventedMatchId"),
       LIMIT)},
    {"/sapi/v1/account/apiRestrictions", BOX_GET, NULL, 1, BOX_STREAM, false,
     box_answer_restrictions, NOTHING},
    /* what clients look at before they trade on spot */
    {"/sapi/v1/capital/config/getall", BOX_GET, NULL, 10, BOX_READ, false, box_answer_coins,
     NOTHING},
    {"/sapi/v1/margin/allPairs", BOX_GET, NULL, 1, BOX_READ, false, box_answer_nothing, NOTHING},
    {"/sapi/v1/margin/isolated/allPairs", BOX_GET, NULL, 1, BOX_READ, false, box_answer_nothing,
     NOTHING},
};
/* clang-format on */

const size_t BOX_ROUTE_COUNT = sizeof BOX_ROUTES / sizeof BOX_ROUTES[0];
