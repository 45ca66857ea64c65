import type {Report} from '../check.ts';

/**
 * SARIF 2.1.0: what code hosts show beside the source. Every finding points at the Dockerfile, since an image has no
 * lines. @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function sarifReport({image, id, results}: Report): string {
  const levels = {error: 'error', warning: 'warning'} as const;
  return JSON.stringify({
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{
      tool: {driver: {
        name: 'entrypoint check',
        rules: results.map((one) => ({
          id: one.id,
          shortDescription: {text: one.summary},
          fullDescription: {text: `Checked by: ${one.how}`},
          help: {text: one.fix},
          defaultConfiguration: {level: levels[one.severity]},
        })),
      }},
      properties: {image, imageId: id},
      results: results.map((one, ruleIndex) => ({
        ruleId: one.id,
        ruleIndex,
        kind: {pass: 'pass', fail: 'fail', skip: 'notApplicable', not_applicable: 'notApplicable'}[one.status],
        level: one.status === 'fail' ? levels[one.severity] : 'none',
        message: {text: one.status === 'skip' ? `skipped: ${one.evidence}` : one.evidence},
        locations: [{physicalLocation: {artifactLocation: {uri: 'Dockerfile'}}, logicalLocations: [{fullyQualifiedName: image, kind: 'module'}]}],
      })),
    }],
  }, undefined, 2);
}
