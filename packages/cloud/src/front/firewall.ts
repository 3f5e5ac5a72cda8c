/**
 * AWS WAF before a front: rules that AWS keeps, and a rate for each address. A request is looked at before the gateway
 * counts it, so an address that floods does not use up what all callers share.
 */
import { aws_wafv2 as wafv2, Names, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { problemOf } from 'daybook/deployment';

export interface FirewallProps {
  /** `CLOUDFRONT` is made in us-east-1 and named by the distribution; `REGIONAL` is told what it stands before. */
  readonly reach: 'REGIONAL' | 'CLOUDFRONT';
  readonly perAddressPer5Minutes: number;
}

/**
 * Rules of the core set that are only counted. Daybook keeps payloads as bytes, escapes them on its pages and gives
 * them back as attachments under a sandbox, so nothing in a body can act; what these rules would refuse are ordinary
 * webhooks (markup, addresses, more than 8 KB) and devices that send no User-Agent. A refused webhook is a lost one.
 */
const COUNTED = [
  'SizeRestrictions_BODY',
  'CrossSiteScripting_BODY',
  'GenericLFI_BODY',
  'GenericRFI_BODY',
  'EC2MetaDataSSRF_BODY',
  'NoUserAgent_HEADER',
];

/** "AWS Managed Rules rule groups list", AWS WAF developer guide. */
const MANAGED: readonly { readonly name: string; readonly counted: readonly string[] }[] = [
  { name: 'AWSManagedRulesAmazonIpReputationList', counted: [] },
  { name: 'AWSManagedRulesCommonRuleSet', counted: COUNTED },
  { name: 'AWSManagedRulesKnownBadInputsRuleSet', counted: [] },
];

const RETRY_AFTER_SECONDS = 300;
const TOO_MANY = 'RateLimited';

/**
 * What the rate refuses is answered 429 with a problem document; WAF lets custom bodies be `application/json` and no
 * other JSON type. What a managed rule refuses is a gateway response of the REST API, and WAF's own 403 at a balancer and
 * at CloudFront. An address is that of whoever connects: of the caller itself also at CloudFront.
 */
export class Firewall extends Construct {
  readonly aclArn: string;

  constructor(scope: Construct, id: string, { reach, perAddressPer5Minutes }: FirewallProps) {
    super(scope, id);
    const problem = {
      ...problemOf('RATE_LIMITED', {
        detail: `more than ${perAddressPer5Minutes} requests of one address within five minutes (front.waf)`,
        requestId: 'unknown',
      }),
      outcome: 'not-written',
    };
    const managed = MANAGED.map(({ name, counted }, at): wafv2.CfnWebACL.RuleProperty => ({
      name,
      priority: at + 1,
      overrideAction: { none: {} },
      statement: {
        managedRuleGroupStatement: {
          vendorName: 'AWS',
          name,
          ...(counted.length > 0 && {
            ruleActionOverrides: counted.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
          }),
        },
      },
      visibilityConfig: watched(name),
    }));
    const acl = new wafv2.CfnWebACL(this, 'Acl', {
      scope: reach,
      defaultAction: { allow: {} },
      customResponseBodies: {
        [TOO_MANY]: { contentType: 'APPLICATION_JSON', content: JSON.stringify(problem) },
      },
      rules: [
        {
          name: 'PerAddress',
          priority: 0,
          statement: {
            rateBasedStatement: {
              aggregateKeyType: 'IP',
              limit: perAddressPer5Minutes,
              evaluationWindowSec: 300,
            },
          },
          action: {
            block: {
              customResponse: {
                responseCode: 429,
                customResponseBodyKey: TOO_MANY,
                responseHeaders: [{ name: 'Retry-After', value: String(RETRY_AFTER_SECONDS) }],
              },
            },
          },
          visibilityConfig: watched('PerAddress'),
        },
        ...managed,
      ],
      visibilityConfig: watched(Names.uniqueResourceName(this, { maxLength: 128 })),
      description: `In front of ${Stack.of(this).stackName}`,
    });
    this.aclArn = acl.attrArn;
  }

  /** @param resourceArn of an Application Load Balancer, or of a stage of a REST API. */
  standBefore(resourceArn: string): wafv2.CfnWebACLAssociation {
    return new wafv2.CfnWebACLAssociation(this, 'Association', { resourceArn, webAclArn: this.aclArn });
  }
}

function watched(metricName: string): wafv2.CfnWebACL.VisibilityConfigProperty {
  return { cloudWatchMetricsEnabled: true, metricName, sampledRequestsEnabled: true };
}
