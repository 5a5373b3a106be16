import {
  type handleUnaryCall,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';

/** The handlers of a service's methods. */
export type Handlers<Service> = {
  [Name in keyof Service]: Service[Name] extends MethodDefinition<infer Req, infer Res>
    ? handleUnaryCall<Req, Res>
    : never;
};

/** One of the peers' services: its methods, on the port that the benchmark chose. */
export function listen(services: ReadonlyArray<readonly [ServiceDefinition, UntypedServiceImplementation]>): void {
  const server = new Server();
  for (const [definition, implementation] of services) server.addService(definition, implementation);
  server.bindAsync(`127.0.0.1:${process.env.PUBLIC_PORT}`, ServerCredentials.createInsecure(), (error) => {
    if (error) throw error;
  });
  process.on('disconnect', () => process.exit(0));
}
