/**
 * A name of one's own for a front: a certificate that Route 53 proves, and the records that lead there. The hosted zone
 * is given by its id, so nothing is looked up.
 */
import { aws_certificatemanager as acm, aws_route53 as route53 } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';

export class Domain extends Construct {
  readonly name: string;
  readonly certificate: acm.ICertificate;
  readonly #zone: route53.IHostedZone;

  /** @param others names that the certificate is for as well. */
  constructor(
    scope: Construct,
    id: string,
    settings: NonNullable<Deployment['domain']>,
    others: readonly string[] = [],
  ) {
    super(scope, id);
    const { name, zoneName, hostedZoneId } = settings;
    this.name = name;
    this.#zone = route53.HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId, zoneName });
    this.certificate = new acm.Certificate(this, 'Certificate', {
      domainName: name,
      ...(others.length > 0 && { subjectAlternativeNames: [...others] }),
      validation: acm.CertificateValidation.fromDns(this.#zone),
    });
  }

  /**
   * @param options `ipv6`: whether the target answers there as well; a record to nowhere would make callers wait.
   * `names`: default its own; all are in the zone.
   * @returns the records.
   */
  leadTo(
    target: route53.IAliasRecordTarget,
    { ipv6, names = [this.name] }: { readonly ipv6: boolean; readonly names?: readonly string[] },
  ): Construct[] {
    return names.flatMap((name, at) => {
      const record = {
        zone: this.#zone,
        recordName: `${name}.`,
        target: route53.RecordTarget.fromAlias(target),
      };
      const which = at === 0 ? '' : `${at + 1}`;
      const ipv4 = new route53.ARecord(this, `Ipv4${which}`, record);
      return ipv6 ? [ipv4, new route53.AaaaRecord(this, `Ipv6${which}`, record)] : [ipv4];
    });
  }
}
