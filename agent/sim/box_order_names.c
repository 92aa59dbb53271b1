/* The venue's words. */
#include "sim/box_trading.h"

#include <string.h>

const char *const BOX_TYPE_NAME[BOX_TYPES] = {
    [BOX_LIMIT] = "LIMIT",
    [BOX_MARKET] = "MARKET",
    [BOX_STOP_LOSS] = "STOP_LOSS",
    [BOX_STOP_LOSS_LIMIT] = "STOP_LOSS_LIMIT",
    [BOX_TAKE_PROFIT] = "TAKE_PROFIT",
    [BOX_TAKE_PROFIT_LIMIT] = "TAKE_PROFIT_LIMIT",
    [BOX_LIMIT_MAKER] = "LIMIT_MAKER",
};

const char *const BOX_TIF_NAME[BOX_TIFS] = {
    [BOX_GTC] = "GTC", [BOX_IOC] = "IOC", [BOX_FOK] = "FOK"};

const char *const BOX_STATUS_NAME[BOX_STATUSES] = {
    [BOX_NEW] = "NEW",
    [BOX_PARTIALLY_FILLED] = "PARTIALLY_FILLED",
    [BOX_FILLED] = "FILLED",
    [BOX_CANCELED] = "CANCELED",
    [BOX_REJECTED] = "REJECTED",
    [BOX_EXPIRED] = "EXPIRED",
    [BOX_EXPIRED_IN_MATCH] = "EXPIRED_IN_MATCH",
};

const char *const BOX_STP_NAME[BOX_STPS] = {
    [BOX_STP_NONE] = "NONE",
    [BOX_STP_EXPIRE_MAKER] = "EXPIRE_MAKER",
    [BOX_STP_EXPIRE_TAKER] = "EXPIRE_TAKER",
    [BOX_STP_EXPIRE_BOTH] = "EXPIRE_BOTH",
    [BOX_STP_DECREMENT] = "DECREMENT",
    [BOX_STP_TRANSFER] = "TRANSFER",
};

const char *const BOX_EXPIRY_NAME[BOX_EXPIRIES] = {
    [BOX_EXPIRY_NONE] = "NONE",
    [BOX_EXPIRY_REJECTED] = "REJECTED",
    [BOX_EXPIRY_OCO_TRIGGER] = "OCO_TRIGGER",
    [BOX_EXPIRY_IOC] = "UNFILLED_IOC_QUANTITY_EXPIRED",
    [BOX_EXPIRY_FOK] = "UNFILLED_FOK_ORDER_EXPIRED",
    [BOX_EXPIRY_LIQUIDITY] = "INSUFFICIENT_LIQUIDITY",
};

const char *const BOX_EXECUTION_NAME[BOX_EXECUTIONS] = {
    [BOX_X_NEW] = "NEW",
    [BOX_X_CANCELED] = "CANCELED",
    [BOX_X_TRADE] = "TRADE",
    [BOX_X_EXPIRED] = "EXPIRED",
    [BOX_X_TRADE_PREVENTION] = "TRADE_PREVENTION",
};

int box_name_find(const char *const *name, int count, const char *text)
{
    for (int i = 0; i < count; i++)
        if (strcmp(name[i], text) == 0)
            return i;
    return -1;
}
