import type {Declared} from '../../declaration/evaluate.ts';
import {formText} from '../model/about.ts';
import {defaultText, isRequired} from '../model/about.ts';
import type {Declaration} from '../model/declaration.ts';

/**
 * A ConfigMap and a Secret with the variables, to fill in: `envFrom` of a container names both. Required ones have an empty
 * value, which counts as not set; the others are comments with their defaults.
 */
export function kubernetes({fields}: Declaration, service: string): string {
  const plain = fields.filter(({isSecret}) => !isSecret);
  const secrets = fields.filter(({isSecret}) => isSecret);
  return [
    `# In the container: envFrom: [{configMapRef: {name: ${service}}}, {secretRef: {name: ${service}}}]`,
    ...object('ConfigMap', service, 'data', plain),
    ...(secrets.length === 0 ? [] : ['---', ...object('Secret', service, 'stringData', secrets)]),
  ].join('\n');
}

function object(kind: string, name: string, data: string, fields: readonly Declared[]): readonly string[] {
  const lines = fields.flatMap((field) => {
    const line = `${field.name}: ${JSON.stringify(defaultText(field) ?? '')}`;
    const about = [field.description, formText(field)].filter((one) => one !== undefined).join(': ');
    return [`  # ${about}`, isRequired(field) ? `  ${line}` : `  #${line}`];
  });
  const isEmpty = !fields.some(isRequired);
  return [
    'apiVersion: v1',
    `kind: ${kind}`,
    'metadata:',
    `  name: ${name}`,
    isEmpty ? `${data}: {}` : `${data}:`,
    ...lines,
  ];
}
