import type { Target } from './facts.js';

/** One generated file. */
export interface TemplateRow {
  /** Below templates/. */
  readonly template: string;
  /** Where it goes inside the project; `{{name}}` is the model's name. */
  readonly output: string;
  /** Written only when one of these targets was chosen; always when absent. */
  readonly targets?: readonly Target[];
  readonly about: string;
}

/** Every file that `init` can write. */
export const TEMPLATES: readonly TemplateRow[] = [
  { template: 'project/package.json.hbs', output: 'package.json', about: 'tfdeploy and the engine, pinned' },
  { template: 'project/npmrc.hbs', output: '.npmrc', about: 'no downloads outside the npm registry' },
  { template: 'project/README.md.hbs', output: 'README.md', about: 'what is here and the next steps' },
  {
    template: 'gunicorn-equivalent/tfdeploy.yaml.hbs',
    output: 'tfdeploy.yaml',
    about: 'the serving configuration',
  },
  {
    template: 'nginx/site.conf.hbs',
    output: 'deploy/nginx/{{name}}.conf',
    targets: ['vm'],
    about: 'reverse proxy',
  },
  {
    template: 'systemd/service.hbs',
    output: 'deploy/systemd/{{name}}.service',
    targets: ['vm'],
    about: 'the service',
  },
  {
    template: 'systemd/socket.hbs',
    output: 'deploy/systemd/{{name}}.socket',
    targets: ['vm'],
    about: 'its ports, held by systemd',
  },
  { template: 'docker/Dockerfile.hbs', output: 'Dockerfile', targets: ['kubernetes'], about: 'the image' },
  {
    template: 'docker/dockerignore.hbs',
    output: '.dockerignore',
    targets: ['kubernetes'],
    about: 'what stays out of it',
  },
  {
    template: 'k8s/kustomization.yaml.hbs',
    output: 'deploy/k8s/kustomization.yaml',
    targets: ['kubernetes'],
    about: 'kubectl apply -k',
  },
  {
    template: 'k8s/deployment.yaml.hbs',
    output: 'deploy/k8s/deployment.yaml',
    targets: ['kubernetes'],
    about: 'pods, probes, limits',
  },
  {
    template: 'k8s/service.yaml.hbs',
    output: 'deploy/k8s/service.yaml',
    targets: ['kubernetes'],
    about: 'REST and gRPC ports',
  },
  {
    template: 'k8s/pdb.yaml.hbs',
    output: 'deploy/k8s/pdb.yaml',
    targets: ['kubernetes'],
    about: 'one pod down at a time',
  },
];
