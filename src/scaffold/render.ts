import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { packageRoot } from '../base/entry.js';
import type { RenderTemplate } from './plan.js';

const compiled = new Map<string, Handlebars.TemplateDelegate>();

/** Renders a file of templates/. Strict: a name the view does not have is an error, not an empty string. */
export const renderTemplate: RenderTemplate = (template, view) => {
  let render = compiled.get(template);
  if (render === undefined) {
    const source = readFileSync(join(packageRoot(), 'templates', template), 'utf8');
    render = Handlebars.compile(source, { noEscape: true, strict: true, preventIndent: true });
    compiled.set(template, render);
  }
  return render(view);
};
