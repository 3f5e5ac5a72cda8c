/**
 * What `npm run bench -- --help` prints.
 */
export const HELP = `Measures Daybook against the machine and against peers, and checks that nothing was lost.

Usage: npm run bench -- [flags]

  --quick                    two rounds of one second: about a minute, good for a first look only
  --only <names>             some of: single,fastify,batch,latency,unpinned,export,postgres,queues,retention,start
                             (single runs along with all of the first five)
  --dir <path>               where the data goes (default: a temporary directory under benchmarks/data)
  --allow-tmpfs              accept a memory file system; its durability figures mean nothing
  --rounds <n>               rounds of interleaved phases (default 5)
  --seconds <n>              length of one phase (default 3)
  --connections <n>          keep-alive connections, one request in flight on each (default 64)
  --batch-lines <n>          lines of an NDJSON batch (default 100)
  --export-entries <n>       entries preloaded for the export (default 1000000)
  --slow-sync-library <path> LD_PRELOAD library (.so, or .c to compile) that makes each sync take 5 ms
                             (default: packages/daybook/test/disk/faulty-disk.c where cc is installed)
  --no-pin                   do not tie the server to core 0 and the load to core 1
  --label <words>            short description in the name of the result file
  --json                     print the result as JSON instead of the table
  --help

Writes benchmarks/results/<date>-<label>.json. Exit code: 0 measured (targets missed or not), 1 failed,
2 a flag is wrong, 3 void: an acknowledged entry is missing or double, an answer was refused, or the ledger
does not balance.

Examples:
  npm run bench -- --quick
  npm run bench -- --only single,latency --rounds 9
  npm run bench -- --dir /mnt/disk --label nvme
`;
