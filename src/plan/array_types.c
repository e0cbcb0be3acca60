/*
 * Taken from pg_type of PostgreSQL 15: the oids of initdb, which are the same on every server.
 * Without what names something by its oid, as regclass does, for each shard has oids of its
 * own; and without what has no binary form.
 */
#include "recipe.h"

#include <stdlib.h>

struct pair {
    uint32_t type, array;
};

/* clang-format off */
static const struct pair pairs[] = {
    {16, 1000}, /* bool */
    {17, 1001}, /* bytea */
    {18, 1002}, /* char */
    {19, 1003}, /* name */
    {20, 1016}, /* int8 */
    {21, 1005}, /* int2 */
    {23, 1007}, /* int4 */
    {25, 1009}, /* text */
    {26, 1028}, /* oid */
    {27, 1010}, /* tid */
    {28, 1011}, /* xid */
    {29, 1012}, /* cid */
    {114, 199}, /* json */
    {142, 143}, /* xml */
    {600, 1017}, /* point */
    {601, 1018}, /* lseg */
    {602, 1019}, /* path */
    {603, 1020}, /* box */
    {604, 1027}, /* polygon */
    {628, 629}, /* line */
    {650, 651}, /* cidr */
    {700, 1021}, /* float4 */
    {701, 1022}, /* float8 */
    {718, 719}, /* circle */
    {774, 775}, /* macaddr8 */
    {790, 791}, /* money */
    {829, 1040}, /* macaddr */
    {869, 1041}, /* inet */
    {1042, 1014}, /* bpchar */
    {1043, 1015}, /* varchar */
    {1082, 1182}, /* date */
    {1083, 1183}, /* time */
    {1114, 1115}, /* timestamp */
    {1184, 1185}, /* timestamptz */
    {1186, 1187}, /* interval */
    {1266, 1270}, /* timetz */
    {1560, 1561}, /* bit */
    {1562, 1563}, /* varbit */
    {1700, 1231}, /* numeric */
    {1790, 2201}, /* refcursor */
    {2950, 2951}, /* uuid */
    {2970, 2949}, /* txid_snapshot */
    {3220, 3221}, /* pg_lsn */
    {3614, 3643}, /* tsvector */
    {3615, 3645}, /* tsquery */
    {3802, 3807}, /* jsonb */
    {3904, 3905}, /* int4range */
    {3906, 3907}, /* numrange */
    {3908, 3909}, /* tsrange */
    {3910, 3911}, /* tstzrange */
    {3912, 3913}, /* daterange */
    {3926, 3927}, /* int8range */
    {4072, 4073}, /* jsonpath */
    {4451, 6150}, /* int4multirange */
    {4532, 6151}, /* nummultirange */
    {4533, 6152}, /* tsmultirange */
    {4534, 6153}, /* tstzmultirange */
    {4535, 6155}, /* datemultirange */
    {4536, 6157}, /* int8multirange */
    {5038, 5039}, /* pg_snapshot */
    {5069, 271}, /* xid8 */
};
/* clang-format on */

static int compare(const void *key, const void *item)
{
    uint32_t type = *(const uint32_t *)key, other = ((const struct pair *)item)->type;

    return (type > other) - (type < other);
}

uint32_t sw_array_type_of(uint32_t type)
{
    const struct pair *found =
        bsearch(&type, pairs, sizeof pairs / sizeof pairs[0], sizeof pairs[0], compare);

    return found == NULL ? 0 : found->array;
}

/* Of bool, name, int2, int4, text, oid, varchar, int8, numeric, uuid: not of floats and
 * times, whose texts depend on extra_float_digits and DateStyle. */
bool sw_array_is_plain(uint32_t type)
{
    static const uint32_t plain[] = {1000, 1003, 1005, 1007, 1009,
                                     1015, 1016, 1028, 1231, 2951};

    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (plain[i] == type)
            return true;
    return false;
}
