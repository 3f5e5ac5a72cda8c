/**
 * The registry that the image comes from, as IAM names it.
 */
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { repositoryOf } from './image.ts';

/** It knows no resources ("Actions defined by Amazon Elastic Container Registry"). */
export const REGISTRY_ACTIONS = ['ecr:GetAuthorizationToken'] as const;
/** "Amazon ECS task execution IAM role": what pulling an image needs of its repository. */
export const IMAGE_ACTIONS = [
  'ecr:BatchCheckLayerAvailability',
  'ecr:BatchGetImage',
  'ecr:GetDownloadUrlForLayer',
] as const;

export function repositoryArn(scope: Construct, image: string): string {
  const { account, region, name } = repositoryOf(image);
  return `arn:${Stack.of(scope).partition}:ecr:${region}:${account}:repository/${name}`;
}
