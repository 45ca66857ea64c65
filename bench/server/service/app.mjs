// The service of every Node contender.
const hello = JSON.stringify({hello: 'world', list: [1, 2, 3]});

/** Burns CPU time, not wall time: on a busy machine the two differ. */
function burn(milliseconds) {
  const start = process.threadCpuUsage();
  for (;;) {
    const {user, system} = process.threadCpuUsage(start);
    if (user + system >= milliseconds * 1000) return;
  }
}

export default function listener(request, response) {
  if (request.url === '/work') burn(20);
  response.writeHead(200, {'content-type': 'application/json', 'content-length': hello.length}).end(hello);
}
