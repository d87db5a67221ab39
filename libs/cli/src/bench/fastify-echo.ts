import { fastify } from 'fastify';

/** The least an HTTP decision point could be: reads the request's JSON and says true. `node fastify-echo.js PORT`. */
const app = fastify();
app.post('/access/v1/evaluation', async (request) => ({ decision: typeof request.body === 'object', context: { code: 'ok' } }));
await app.listen({ host: '127.0.0.1', port: Number(process.argv[2]) });
process.stdout.write('listening\n');
process.once('SIGTERM', () => { void app.close().then(() => process.exit(0)); });
