// One KRaft node on loopback: broker and controller in one JVM.
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { java, kafkaJars } from './kafka-jars.mjs';
import { accepts, end, launch, requireFree, until } from './process.mjs';
import { lacking, Trouble } from './say.mjs';

const run = promisify(execFile);
const jvm = ['-Xms128m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];

/** Listener with SCRAM for tests, on TLS when asked. `scram`: {port, username, password, tls}. */
function scramSettings(scram, dir) {
  if (!scram) return [];
  const protocol = scram.tls ? 'SASL_SSL' : 'SASL_PLAINTEXT';
  const settings = [`listener.name.scram.sasl.enabled.mechanisms=SCRAM-SHA-256`,
    'listener.name.scram.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;'];
  if (scram.tls) settings.push(`listener.name.scram.ssl.keystore.location=${join(dir, 'broker.p12')}`, `listener.name.scram.ssl.keystore.password=${scram.storePassword}`, 'listener.name.scram.ssl.keystore.type=PKCS12');
  return { protocol, settings };
}

/** The text of server.properties. */
export function properties({ dir, ports, scram }) {
  const extra = scram && scramSettings(scram, dir);
  const listeners = [`PLAINTEXT://127.0.0.1:${ports.kafka}`, ...(scram ? [`SCRAM://127.0.0.1:${scram.port}`] : [])];
  return ['process.roles=broker,controller', 'node.id=1', `controller.quorum.voters=1@127.0.0.1:${ports.controller}`,
    `listeners=${[...listeners, `CONTROLLER://127.0.0.1:${ports.controller}`].join(',')}`, `advertised.listeners=${listeners.join(',')}`,
    'controller.listener.names=CONTROLLER', 'inter.broker.listener.name=PLAINTEXT',
    `listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT${scram ? `,SCRAM:${extra.protocol}` : ''}`,
    `log.dirs=${join(dir, 'data')}`, 'auto.create.topics.enable=false', 'group.initial.rebalance.delay.ms=0',
    'log.message.timestamp.type=LogAppendTime', 'delete.topic.enable=true',
    'offsets.topic.num.partitions=4', 'offsets.topic.replication.factor=1', 'transaction.state.log.num.partitions=4', 'transaction.state.log.replication.factor=1', 'transaction.state.log.min.isr=1',
    'add.partitions.to.txn.retry.backoff.ms=1', 'share.coordinator.state.topic.replication.factor=1', 'share.coordinator.state.topic.min.isr=1', 'min.insync.replicas=1', 'default.replication.factor=1',
    'broker.session.timeout.ms=3000', 'broker.heartbeat.interval.ms=500', ...(extra?.settings ?? []), ''].join('\n');
}

/** A self-signed certificate by the JDK's keytool; `broker.pem` is what clients trust. */
async function certificate(dir, scram, javaCommand) {
  const keytool = javaCommand.includes('/') ? join(dirname(javaCommand), 'keytool') : 'keytool';
  const store = ['-keystore', join(dir, 'broker.p12'), '-storetype', 'PKCS12', '-storepass', scram.storePassword, '-alias', 'broker'];
  if (!existsSync(join(dir, 'broker.p12'))) await run(keytool, ['-genkeypair', ...store, '-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', '3650', '-dname', 'CN=localhost', '-ext', 'san=ip:127.0.0.1,dns:localhost']);
  const { stdout } = await run(keytool, ['-exportcert', '-rfc', ...store]);
  writeFileSync(join(dir, 'broker.pem'), stdout);
}

/**
 * Starts the broker; resolves when it accepts. `scram`: undefined or {username, password, tls} adds a SCRAM-SHA-256 listener on ports.scram.
 * Returns {record, brokers, scram?: {brokers, username, password, mechanism, ca?}, stop()}.
 */
export async function startKafka({ dir, ports, log, scram: wanted }) {
  const vm = await java();
  if (!vm || vm.major < 17) throw lacking(`Kafka needs a Java runtime of version 17 or later (${vm ? `found ${vm.major}` : 'none found'}): install one (for example openjdk-17-jre-headless) or set JAVA_HOME, or name a broker in CS_KAFKA_BROKERS.`);
  const { home, libs, list } = await kafkaJars();
  await requireFree(ports.kafka, 'Kafka', 'CS_KAFKA_BROKERS');
  await requireFree(ports.controller, "Kafka's controller", 'CS_KAFKA_BROKERS');
  mkdirSync(dir, { recursive: true });
  const idFile = join(dir, 'cluster-id');
  if (!existsSync(idFile)) writeFileSync(idFile, randomBytes(16).toString('base64url').replace(/^-/, 'A'));
  let scram;
  if (wanted) {
    const kept = join(dir, 'scram.json');
    scram = existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : { username: 'countersign', password: randomBytes(18).toString('hex'), storePassword: randomBytes(18).toString('hex'), tls: true, ...wanted };
    writeFileSync(kept, JSON.stringify(scram), { mode: 0o600 });
    scram = { ...scram, port: ports.scram };
    await requireFree(ports.scram, "Kafka's SCRAM listener", 'CS_KAFKA_BROKERS');
    if (scram.tls) await certificate(dir, scram, vm.command);
  }
  const config = join(dir, 'server.properties');
  writeFileSync(config, properties({ dir, ports, scram }), { mode: 0o600 });
  const classpath = [...list.keys()].sort().map((name) => join(libs, name)).join(':');
  const add = scram ? ['--add-scram', `SCRAM-SHA-256=[name=${scram.username},password=${scram.password}]`] : [];
  if (!existsSync(join(dir, 'data/meta.properties')))
    await run(vm.command, [...jvm, '-cp', classpath, 'kafka.tools.StorageTool', 'format', '-t', readFileSync(idFile, 'utf8'), '-c', config, '--ignore-formatted', ...add])
      .catch((error) => { throw new Trouble(`Kafka's storage could not be formatted: ${`${error.stdout}${error.stderr}`.trim().slice(-600)}`); });
  // A class-data archive made at the first clean stop cuts a second off every later start; the JVM ignores one that does not fit.
  const archive = join(home, `classes-${createHash('sha256').update(vm.text + classpath).digest('hex').slice(0, 12)}.jsa`);
  const dump = existsSync(archive) ? undefined : `${archive}.${process.pid}`;
  const share = dump ? `-XX:ArchiveClassesAtExit=${dump}` : `-XX:SharedArchiveFile=${archive}`;
  const launched = launch(vm.command, [...jvm, share, '-Xlog:cds=off', '-Xlog:cds+dynamic=off', '-cp', classpath, 'kafka.Kafka', config], { log, mark: config, cwd: dir });
  const record = { ...launched.record, ...(dump ? { dump, archive } : {}) };
  try { await until(() => accepts(ports.kafka), { what: 'Kafka', launched }); } catch (error) { await end(record); throw error; }
  return { record, brokers: `127.0.0.1:${ports.kafka}`, scram: scram && { brokers: `127.0.0.1:${scram.port}`, mechanism: 'scram-sha-256', username: scram.username, password: scram.password, ...(scram.tls ? { ca: readFileSync(join(dir, 'broker.pem'), 'utf8') } : {}) } };
}

/** Stops the broker and keeps the class archive it wrote on its way out. */
export async function stopKafka(record) {
  await end(record, { patienceMs: 20_000 });
  if (record.dump && existsSync(record.dump)) {
    if (existsSync(record.archive)) rmSync(record.dump, { force: true });
    else renameSync(record.dump, record.archive);
  }
}
