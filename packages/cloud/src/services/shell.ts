/**
 * A shell in a running task, in place of a bastion: ECS Exec, which AWS Systems Manager carries. Who may open one is said
 * by IAM (`ecs:ExecuteCommand`); what is typed and answered goes to a log group of its own.
 *
 * AWS does not support it with a read-only root file system ("Monitor Amazon ECS containers with ECS Exec",
 * considerations), because its agent writes beneath three directories. They are volumes here, which is known to work
 * (aws/containers-roadmap, issue 1359) and not promised; `services.shell: false` leaves all of it away.
 */

/** "ECS Exec", task role permissions. They know no resources. */
export const SHELL_ACTIONS = [
  'ssmmessages:CreateControlChannel',
  'ssmmessages:CreateDataChannel',
  'ssmmessages:OpenControlChannel',
  'ssmmessages:OpenDataChannel',
] as const;

/** By the names of their volumes. */
export const AGENT_DIRECTORIES = {
  'shell-agent': '/managed-agents',
  'shell-state': '/var/lib/amazon/ssm',
  'shell-log': '/var/log/amazon/ssm',
} as const;
