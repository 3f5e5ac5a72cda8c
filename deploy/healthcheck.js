// The container's health check: whether the server in it answers at all. Not whether it is ready: a restart helps no database.
const { DAYBOOK_PORT: port = '3000', DAYBOOK_BASE_PATH: basePath = '' } = process.env;

fetch(`http://127.0.0.1:${port}${basePath}/healthz`, { signal: AbortSignal.timeout(4_000) }).then(
  ({ ok }) => process.exit(ok ? 0 : 1),
  () => process.exit(1),
);
