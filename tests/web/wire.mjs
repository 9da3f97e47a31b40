// A wire between the page and a turnoutd that can be cut and mended, as a sleeping computer or a tunnel would do it.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** Listens on a port of its own and hands all bytes on to another one of this machine. */
export async function wire(to) {
  const open = new Set();
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    for (const [one, other] of [[near, far], [far, near]]) {
      open.add(one);
      one.on('error', () => {});
      one.on('close', () => (open.delete(one), other.destroy()));
      one.pipe(other);
    }
  });
  const listen = async (port) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port } = server.address();
  return {
    port,
    cut() {
      server.close();
      for (const socket of open) socket.destroy();
    },
    mend: () => listen(port),
  };
}
