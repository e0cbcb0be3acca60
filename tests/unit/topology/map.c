#include "shardward/topology/map.h"

#include "unit/topology/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int build(void **state)
{
    struct sw_config_faults faults;
    struct sw_config *config = sw_config_read(BOOKING_YAML, &faults);

    if (config == NULL)
        return -1;
    *state = sw_map_build(config);
    return 0;
}

static int drop(void **state)
{
    sw_map_unref(*state);
    return 0;
}

static const struct sw_table *table(void **state, const char *name)
{
    return sw_database_table(sw_map_database(*state, "booking"), "public", name);
}

static void names_are_found_and_other_names_are_not(void **state)
{
    const struct sw_map *map = *state;
    const struct sw_database *database = sw_map_database(map, "booking");

    assert_non_null(database);
    assert_null(sw_map_database(map, "Booking"));
    assert_non_null(sw_map_user(map, "booking"));
    assert_null(sw_map_user(map, ""));
    assert_non_null(sw_database_table(database, "public", "patients"));
    assert_null(sw_database_table(database, "other", "patients"));
    assert_null(sw_database_table(database, "public", "Patients"));
    assert_null(sw_database_table(database, "public", ""));
}

static void a_name_of_any_length_may_be_asked_for(void **state)
{
    char name[1000];

    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_null(table(state, name));
}

static void a_single_table_is_on_the_shard_of_its_business(void **state)
{
    const struct sw_table *hospitals = table(state, "hospitals");

    assert_null(hospitals->keys);
    assert_null(hospitals->placement);
    assert_string_equal(hospitals->shard->name, "institutions");
    assert_string_equal(hospitals->shard->dbname, "institutions");
    assert_string_equal(hospitals->shard->cluster->name, "c1");
    assert_string_equal(hospitals->business->name, "institutions");
}

static void every_bucket_has_its_shard(void **state)
{
    const struct sw_placement *placement = table(state, "patients")->placement;
    static const char *const names[] = {"users_0", "users_1", "users_2", "users_3"};

    assert_int_equal(placement->bucket_count, 1024);
    for (int i = 0; i < 1024; i++) {
        assert_string_equal(placement->buckets[i].shard->name, names[i / 256]);
        assert_int_equal(placement->buckets[i].state, SW_BUCKET_ACTIVE);
    }
    assert_int_equal(placement->shard_count, 4);
    for (int i = 0; i < 4; i++)
        assert_string_equal(placement->shards[i]->name, names[i]);
}

static void shard_ids_are_counted_in_one_order(void **state)
{
    const struct sw_map *map = *state;
    const struct sw_database *database = &map->databases[0];
    int id = database->catalog->id;

    assert_int_equal(id, 0);
    assert_null(database->catalog->business);
    for (int b = 0; b < database->business_count; b++)
        for (int s = 0; s < database->businesses[b].shard_count; s++) {
            assert_int_equal(database->businesses[b].shards[s].id, ++id);
            assert_ptr_equal(database->businesses[b].shards[s].business,
                             &database->businesses[b]);
        }
    assert_int_equal(map->shard_count, id + 1);
    for (int i = 0; i < map->shard_count; i++)
        assert_int_equal(map->shards[i]->id, i);
}

static void nodes_keep_their_order(void **state)
{
    const struct sw_cluster *cluster = table(state, "sync_messages")->shard->cluster;

    assert_int_equal(cluster->node_count, 3);
    assert_string_equal(cluster->nodes[0].name, "c2-west");
    assert_string_equal(cluster->nodes[0].address, "127.0.2.2");
    assert_int_equal(cluster->nodes[0].port, 6446);
    assert_string_equal(cluster->nodes[2].cloud, "north");
}

static void a_user_is_as_the_file_has_it(void **state)
{
    const struct sw_user *user = sw_map_user(*state, "booking");

    assert_int_equal(user->auth, SW_AUTH_SCRAM);
    assert_string_equal(user->password, "booking");
    assert_string_equal(user->server_user, "booking");
    assert_int_equal(user->pool.size, 20);
}

static void a_map_lives_as_long_as_someone_holds_it(void **state)
{
    struct sw_map *map = *state;

    assert_ptr_equal(sw_map_ref(map), map);
    sw_map_unref(map);
    assert_non_null(sw_map_database(map, "booking"));
    sw_map_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_and_other_names_are_not),
        cmocka_unit_test(a_name_of_any_length_may_be_asked_for),
        cmocka_unit_test(a_single_table_is_on_the_shard_of_its_business),
        cmocka_unit_test(every_bucket_has_its_shard),
        cmocka_unit_test(shard_ids_are_counted_in_one_order),
        cmocka_unit_test(nodes_keep_their_order),
        cmocka_unit_test(a_user_is_as_the_file_has_it),
        cmocka_unit_test(a_map_lives_as_long_as_someone_holds_it),
    };

    return cmocka_run_group_tests_name("map", tests, build, drop);
}
