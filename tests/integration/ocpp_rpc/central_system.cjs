// A central system written with the package `ocpp-rpc`: arguments are port, identity, passwords (hexadecimal).
// Lines of JSON tell it what to call (`[number, action, payload]`), and it tells by lines of JSON what it saw.
// It ends when there are no more lines. In strict mode the package validates whatever it sends and gets.
const readline = require("readline");
const { RPCServer } = require("ocpp-rpc");

const STRANGER = "STRANGER";
const DAY_MS = 86_400_000;
const [port, identity, ...passwords] = process.argv.slice(2);
const tell = (kind, facts) => console.log(JSON.stringify({ kind, ...facts }));
const now = () => new Date().toISOString();

let lastTransactionId = 1000;
let station;

function idTagInfo(idTag) {
  if (idTag === STRANGER) {
    return { status: "Invalid" };
  }
  const expiryDate = new Date(Date.now() + DAY_MS).toISOString();
  return { status: "Accepted", parentIdTag: "FAMILY", expiryDate };
}

const answers = {
  Authorize: ({ idTag }) => ({ idTagInfo: idTagInfo(idTag) }),
  BootNotification: () => ({ status: "Accepted", currentTime: now(), interval: 300 }),
  DataTransfer: ({ data }) => ({ status: "Accepted", data }),
  DiagnosticsStatusNotification: () => ({}),
  FirmwareStatusNotification: () => ({}),
  Heartbeat: () => ({ currentTime: now() }),
  LogStatusNotification: () => ({}),
  MeterValues: () => ({}),
  SecurityEventNotification: () => ({}),
  StartTransaction: ({ idTag }) => ({ transactionId: ++lastTransactionId, idTagInfo: idTagInfo(idTag) }),
  StatusNotification: () => ({}),
  StopTransaction: () => ({}),
};

function connected(client) {
  station = client;
  const password = client.handshake.password.toString("hex");
  tell("connected", { identity: client.identity, subprotocol: client.protocol, password });
  for (const [action, answer] of Object.entries(answers)) {
    client.handle(action, ({ params }) => {
      tell("call", { action, payload: params });
      return answer(params);
    });
  }
  client.on("badMessage", ({ error }) => tell("trouble", { text: `bad message: ${error.message}` }));
  client.on("strictValidationFailure", ({ method, params, result, error }) =>
    tell("trouble", { text: `${method} ${JSON.stringify(result ?? params)}: ${error.message}` }));
  client.on("close", () => tell("disconnected"));
}

async function giveCommand(number, action, payload) {
  try {
    tell("answer", { number, payload: await station.call(action, payload) });
  } catch (error) {
    tell("refusal", { number, code: error.rpcErrorCode ?? String(error), description: error.message });
  }
}

async function main() {
  const server = new RPCServer({ protocols: ["ocpp1.6"], strictMode: true });
  server.auth((accept, reject, handshake) => {
    const isKnown = handshake.identity === identity && passwords.includes(handshake.password?.toString("hex"));
    return isKnown ? accept() : reject(401, "who is there?");
  });
  server.on("client", connected);
  await server.listen(Number(port), "127.0.0.1");
  for await (const line of readline.createInterface({ input: process.stdin })) {
    await giveCommand(...JSON.parse(line));
  }
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
