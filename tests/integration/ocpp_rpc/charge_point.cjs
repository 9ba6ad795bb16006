// A charge point written with the package `ocpp-rpc`: arguments are endpoint, identity, password.
// Prints what it got as JSON.
const { RPCClient } = require("ocpp-rpc");

const [endpoint, identity, password] = process.argv.slice(2);
const seen = {};
const now = () => new Date().toISOString();

async function charge(client, idTag) {
  const started = await client.call("StartTransaction", {
    connectorId: 1, idTag, meterStart: 100, timestamp: now(),
  });
  seen.start = started.idTagInfo;
  seen.transaction_id = started.transactionId;
  for (const energy of [200, 300, 400]) {
    const sample = { value: String(energy), unit: "Wh", measurand: "Energy.Active.Import.Register" };
    await client.call("MeterValues", {
      connectorId: 1, transactionId: started.transactionId,
      meterValue: [{ timestamp: now(), sampledValue: [sample] }],
    });
  }
  const stopped = await client.call("StopTransaction", {
    transactionId: started.transactionId, meterStop: 400, timestamp: now(), idTag,
  });
  seen.stop = stopped.idTagInfo;
}

async function main() {
  const client = new RPCClient({
    endpoint, identity, password, protocols: ["ocpp1.6"], strictMode: true, reconnect: false,
  });
  const remoteStart = new Promise((resolve) => {
    client.handle("RemoteStartTransaction", ({ params }) => {
      resolve(params.idTag);
      return { status: "Accepted" };
    });
  });
  client.handle("GetConfiguration", () => ({
    configurationKey: [{ key: "NumberOfConnectors", readonly: true, value: "1" }],
  }));
  await client.connect();
  const boot = await client.call("BootNotification", { chargePointVendor: "Vendor", chargePointModel: "Model" });
  seen.boot = boot.status;
  for (const connectorId of [0, 1]) {
    await client.call("StatusNotification", { connectorId, errorCode: "NoError", status: "Available" });
  }
  await client.call("Heartbeat", {});
  seen.authorize = (await client.call("Authorize", { idTag: "TAG1" })).idTagInfo;
  console.log("booted");
  await charge(client, await remoteStart);
  console.log(JSON.stringify(seen));
  await client.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
