/**
 * What the dashboards are made of: rows of graphs of equal width, with words above them.
 */
import type { aws_cloudwatch } from 'aws-cdk-lib';
import { aws_cloudwatch as cloudwatch } from 'aws-cdk-lib';

/** Of a dashboard, in its own units. */
export const WIDTH = 24;
const HEIGHT = 6;

export type Widgets = aws_cloudwatch.IWidget[];

/** One row of equal width. */
export function graphs(
  all: readonly (readonly [title: string, metrics: readonly aws_cloudwatch.IMetric[]])[],
): Widgets {
  return all.map(
    ([title, left]) =>
      new cloudwatch.GraphWidget({
        title,
        left: [...left],
        width: WIDTH / all.length,
        height: HEIGHT,
        leftYAxis: { min: 0, showUnits: false },
      }),
  );
}

export function words(markdown: string): aws_cloudwatch.TextWidget {
  return new cloudwatch.TextWidget({ markdown, width: WIDTH, height: 2 });
}
