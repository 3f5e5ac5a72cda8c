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

  constructor(scope: Construct, id: string, settings: NonNullable<Deployment['domain']>) {
    super(scope, id);
    const { name, zoneName, hostedZoneId } = settings;
    this.name = name;
    this.#zone = route53.HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId, zoneName });
    this.certificate = new acm.Certificate(this, 'Certificate', {
      domainName: name,
      validation: acm.CertificateValidation.fromDns(this.#zone),
    });
  }

  /**
   * @param ipv6 whether the target answers there as well; a record to nowhere would make callers wait.
   * @returns the records.
   */
  leadTo(target: route53.IAliasRecordTarget, { ipv6 }: { readonly ipv6: boolean }): Construct[] {
    const record = {
      zone: this.#zone,
      recordName: `${this.name}.`,
      target: route53.RecordTarget.fromAlias(target),
    };
    const ipv4 = new route53.ARecord(this, 'Ipv4', record);
    return ipv6 ? [ipv4, new route53.AaaaRecord(this, 'Ipv6', record)] : [ipv4];
  }
}
