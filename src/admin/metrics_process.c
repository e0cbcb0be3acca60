/*
 * The process under the names that Prometheus' own client libraries use.
 */
#include "metrics.h"

#include "shardward/io/tls.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double clock_seconds(clockid_t clock)
{
    struct timespec time = {0};

    (void)clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Field @number, from 1, of /proc/self/stat (proc(5)), behind the name in brackets; 0: unknown.
 */
static unsigned long long read_stat(int number)
{
    char line[1024] = "", *at, *rest = NULL;
    FILE *file = fopen("/proc/self/stat", "re");

    if (file == NULL)
        return 0;
    if (fgets(line, sizeof line, file) == NULL)
        line[0] = '\0';
    (void)fclose(file);
    at = strrchr(line, ')');
    for (int field = 2; at != NULL && field < number; field++)
        at = strchr(at + 1, ' ');
    return at == NULL ? 0 : strtoull(at + 1, &rest, 10);
}

static uint64_t count_files(void)
{
    DIR *files = opendir("/proc/self/fd");
    uint64_t count = 0;

    if (files == NULL)
        return 0;
    while (readdir(files) != NULL)
        count++;
    (void)closedir(files);
    return count - 3; /* `.`, `..`, and this one */
}

static void put(struct sw_exposition *to, enum sw_metric_type type, const char *name,
                const char *help, double value)
{
    sw_exposition_family(to, type, name, help);
    sw_exposition_real(to, NULL, 0, value);
}

static void put_files(struct sw_exposition *to)
{
    struct rlimit limit;

    put(to, SW_METRIC_GAUGE, "process_open_fds", "Open file descriptors.",
        (double)count_files());
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        put(to, SW_METRIC_GAUGE, "process_max_fds",
            "File descriptors that may be open at the most.", (double)limit.rlim_cur);
}

void sw_metrics_process(struct sw_exposition *to, const struct sw_picture *picture)
{
    enum { STARTED = 22, VIRTUAL_BYTES = 23, RESIDENT_PAGES = 24 };
    const struct sw_tls *tls = picture->map->config->tls.server;
    double since_boot = (double)read_stat(STARTED) / (double)sysconf(_SC_CLK_TCK);

    put(to, SW_METRIC_COUNTER, "process_cpu_seconds_total",
        "Time of processors, of the user and the system.",
        clock_seconds(CLOCK_PROCESS_CPUTIME_ID));
    put(to, SW_METRIC_GAUGE, "process_start_time_seconds",
        "When the process was started, since 1970.",
        clock_seconds(CLOCK_REALTIME) - clock_seconds(CLOCK_BOOTTIME) + since_boot);
    put(to, SW_METRIC_GAUGE, "process_resident_memory_bytes", "Memory that is resident.",
        (double)read_stat(RESIDENT_PAGES) * (double)sysconf(_SC_PAGESIZE));
    put(to, SW_METRIC_GAUGE, "process_virtual_memory_bytes", "Memory that is mapped.",
        (double)read_stat(VIRTUAL_BYTES));
    put_files(to);
    if (tls != NULL)
        put(to, SW_METRIC_GAUGE, "shardward_tls_certificate_expires_timestamp_seconds",
            "When the certificate that clients see ends, since 1970.",
            (double)sw_tls_expires(tls));
}
