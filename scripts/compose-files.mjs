// The blocks of a service in the compose files, which are alike: a service that a file lacks gets those of book-service,
// under its own name and ports. From then on they are edited by hand.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './run.mjs';
import { serviceNamed, services } from './services.mjs';

export function addServicesToComposeFiles() {
  for (const name of readdirSync(root).filter((each) => /^compose(\.\w+)?\.yaml$/.test(each))) {
    const file = path.join(root, name);
    const before = readFileSync(file, 'utf8');
    const lacking = services.filter((service) => !before.includes(`\n  ${service.name}:`));
    const after = lacking.reduce(withService, before);
    if (after === before) continue;
    writeFileSync(file, after);
    console.log(`${name}: added ${lacking.map((service) => service.name).join(', ')}`);
  }
}

/** The text with a copy after each entry of the template, and after each run of list items that begin with its name. */
function withService(text, service) {
  const template = serviceNamed('book-service');
  const entry = `^ {2}${template.shortName}-.*\\n(?: {4}.*\\n)*`;
  const items = `(?:^ {6,}(?:- )?${template.shortName}-.*\\n)+`;
  return text.replaceAll(new RegExp(`(?:${entry})+|${items}`, 'gm'), (block) => {
    const copy = copyFor(service, template, block);
    const hasSeveralLines = /^ {2}\S.*\n {4}/.test(block);
    return hasSeveralLines ? `${block}\n${copy}` : block + copy;
  });
}

function copyFor(service, template, block) {
  const steps = services.indexOf(service) - services.indexOf(template);
  const upperCase = (name) => name.toUpperCase().replaceAll('-', '_');
  return (
    block
      .replaceAll(new RegExp(`\\b${template.database}\\b`, 'g'), service.database)
      // Not in "bookstore".
      .replaceAll(new RegExp(`${template.shortName}(?!store)`, 'g'), service.shortName)
      .replaceAll(`${upperCase(template.shortName)}_`, `${upperCase(service.shortName)}_`)
      .replaceAll(String(template.port), service.port)
      .replaceAll(String(template.internalPort), service.internalPort)
      // grpcui, and the debugger.
      .replaceAll(/\b(8082|9230)\b/g, (port) => Number(port) + steps)
  );
}
