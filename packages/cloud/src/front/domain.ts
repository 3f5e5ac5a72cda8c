/**
 * Names of one's own for a front: a certificate each that Route 53 proves, and the records that lead there. The hosted zone
 * is given by its id, so nothing is looked up.
 */
import { aws_certificatemanager as acm, aws_route53 as route53 } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { commonTarget, isSpread, regionalHost } from '../config/places.ts';
import type { Deployment } from '../config/schema.ts';

/** A name that callers use. */
export interface Host {
  readonly name: string;
  readonly certificate: acm.ICertificate;
  /** Before the ids of what belongs to it; empty for the first one. */
  readonly prefix: string;
  /** Whose records lead to the front; another name where those of `name` are the affair of all regions together. */
  readonly recordName: string;
}

export class Domain extends Construct {
  /** Where this front answers, and no other. */
  readonly host: Host;
  /** That, and with several regions the name that they have in common. */
  readonly hosts: readonly Host[];
  readonly #zone: route53.IHostedZone;

  constructor(scope: Construct, id: string, settings: NonNullable<Deployment['domain']>, region?: string) {
    super(scope, id);
    const { name, zoneName, hostedZoneId } = settings;
    this.#zone = route53.HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId, zoneName });
    if (region === undefined) {
      this.host = this.#createHost('', name);
      this.hosts = [this.host];
      return;
    }
    this.host = this.#createHost('', regionalHost(settings, region));
    this.hosts = [this.host, this.#createHost('Common', name, commonTarget(settings, region))];
  }

  /**
   * @param ipv6 whether the target answers there as well; a record to nowhere would make callers wait.
   * @returns the records.
   */
  leadTo(
    target: route53.IAliasRecordTarget,
    { ipv6, host = this.host }: { readonly ipv6: boolean; readonly host?: Host },
  ): Construct[] {
    const { prefix, recordName } = host;
    const record = {
      zone: this.#zone,
      recordName: `${recordName}.`,
      target: route53.RecordTarget.fromAlias(target),
    };
    const ipv4 = new route53.ARecord(this, `${prefix}Ipv4`, record);
    return ipv6 ? [ipv4, new route53.AaaaRecord(this, `${prefix}Ipv6`, record)] : [ipv4];
  }

  #createHost(prefix: string, name: string, recordName = name): Host {
    const certificate = new acm.Certificate(this, `${prefix}Certificate`, {
      domainName: name,
      validation: acm.CertificateValidation.fromDns(this.#zone),
    });
    return { name, certificate, prefix, recordName };
  }
}

/** Of a front, as the deployment names it. @param region of the front. */
export function createDomain(scope: Construct, deployment: Deployment, region: string): Domain | undefined {
  if (deployment.domain === undefined) return undefined;
  return new Domain(scope, 'Domain', deployment.domain, isSpread(deployment) ? region : undefined);
}
