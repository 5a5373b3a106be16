// Programs that use the sandbox's databases import this first. The pg package takes from PG* variables what a URL leaves
// open, such as TLS, and reads NODE_PG_FORCE_NATIVE as soon as it is loaded. The shell's are for other databases.
for (const name of Object.keys(process.env)) if (/^(NODE_)?PG/.test(name)) delete process.env[name];
