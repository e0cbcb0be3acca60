/* Configuration files: the input is the file, read out of memory; what is taken becomes a map.
 */
#include "shardward/topology/map.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sw_config_faults faults;
    struct sw_config *config;
    char path[32];
    int fd = memfd_create("config", 0);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    (void)snprintf(path, sizeof path, "/dev/fd/%d", fd);
    faults.count = 0;
    config = sw_config_read(path, &faults);
    if ((config == NULL) != (faults.count > 0))
        abort();
    if (config != NULL)
        sw_map_unref(sw_map_build(config));
    (void)close(fd);
    return 0;
}
