// The same service as a fetch handler, for every runtime and adapter.
const hello = JSON.stringify({hello: 'world', list: [1, 2, 3]});
const headers = {'content-type': 'application/json'};

// Deno and Bun do not measure the CPU time of a thread.
function now() {
  const usage = globalThis.process?.threadCpuUsage?.();
  return usage === undefined ? performance.now() : (usage.user + usage.system) / 1000;
}

function burn(milliseconds) {
  for (const end = now() + milliseconds; now() < end;);
}

export default {
  fetch(request) {
    if (request.url.endsWith('/work')) burn(20);
    return new Response(hello, {headers});
  },
};
