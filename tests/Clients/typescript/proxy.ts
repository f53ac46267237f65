// A TCP proxy that can be taken down, with the connections through it, and brought up again at the same address.
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";

export class Proxy {
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((client) => {
    const service = connect(Number(this.target.port), this.target.hostname);
    for (const [from, to] of [[client, service], [service, client]] as const) {
      this.sockets.add(from);
      from.on("error", () => to.destroy()).on("close", () => this.sockets.delete(from) && to.destroy()).pipe(to);
    }
  });
  private port = 0;

  constructor(private readonly target: URL) {}

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  async up() {
    await once(this.server.listen(this.port, "127.0.0.1"), "listening");
    this.port = (this.server.address() as AddressInfo).port;
  }

  async down() {
    const closed = once(this.server.close(), "close");
    this.sockets.forEach((socket) => socket.destroy());
    await closed;
  }
}
