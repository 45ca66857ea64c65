// The service that every Node contender serves.
const hello = JSON.stringify({hello: 'world', list: [1, 2, 3]});

/** CPU time, not wall time: on a full machine the second says nothing about the first. */
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
