// A central system on the npm package `ocpp-rpc`, in the style of its README, one insert a message.
import process from 'node:process';
import Database from 'better-sqlite3';
import { RPCServer } from 'ocpp-rpc';

const [port, path] = process.argv.slice(2);

// As the other contestants do: WAL, and each commit on the disk.
const database = new Database(path);
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.exec(
    'CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY, charge_point TEXT NOT NULL,' +
        ' action TEXT NOT NULL, payload TEXT NOT NULL, received_at TEXT NOT NULL)',
);
const insert = database.prepare(
    'INSERT INTO message (charge_point, action, payload, received_at) VALUES (?, ?, ?, ?)',
);

const accepted = { status: 'Accepted' };
const server = new RPCServer({ protocols: ['ocpp1.6'], strictMode: true });

server.on('client', (client) => {
    const store = (method, params) =>
        Number(insert.run(client.identity, method, JSON.stringify(params), new Date().toISOString()).lastInsertRowid);

    client.handle('BootNotification', ({ method, params }) => {
        store(method, params);
        return { status: 'Accepted', interval: 300, currentTime: new Date().toISOString() };
    });
    client.handle('StatusNotification', ({ method, params }) => {
        store(method, params);
        return {};
    });
    client.handle('StartTransaction', ({ method, params }) => ({
        transactionId: store(method, params),
        idTagInfo: accepted,
    }));
    client.handle('MeterValues', ({ method, params }) => {
        store(method, params);
        return {};
    });
    client.handle('StopTransaction', ({ method, params }) => {
        store(method, params);
        return { idTagInfo: accepted };
    });
});

process.once('SIGTERM', async () => {
    await server.close({ force: true });
    database.close();
});

await server.listen(Number(port), '127.0.0.1');
