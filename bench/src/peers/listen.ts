import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';

/** Serves the methods of a peer's service on the port that the benchmark chose. */
export function listen(...services: (readonly [ServiceDefinition, UntypedServiceImplementation])[]): void {
  const server = new Server();
  for (const [definition, methods] of services) server.addService(definition, methods);
  server.bindAsync(`127.0.0.1:${process.env.PUBLIC_PORT}`, ServerCredentials.createInsecure(), (error) => {
    if (error) throw error;
  });
  process.on('disconnect', () => process.exit(0));
}
