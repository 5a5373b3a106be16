// What a source text imports: statements over one line or several, also for their side effects, import() and require().
const IMPORT = /^(?:import|export)\b(?:[^;'=]*\bfrom)?\s*'([^']+)'|\b(?:import|require)\('([^']+)'\)/gm;

/** Each specifier, and where in the text its statement begins. */
export const importsOf = (text) =>
  [...text.matchAll(IMPORT)].map(({ 1: ofStatement, 2: ofCall, index }) => ({
    specifier: ofStatement ?? ofCall,
    index,
  }));
