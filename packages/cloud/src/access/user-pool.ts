/**
 * A user pool of Amazon Cognito as one more issuer, for people who have accounts nowhere else. Groups are Daybook's
 * roles: the access token names them in `cognito:groups`, which Daybook reads by itself. Programs use API keys.
 */
import { aws_cognito as cognito, CfnOutput, Duration, Validations } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Register } from 'daybook/deployment';

import type { Deployment } from '../config/schema.ts';
import { removalPolicyOf } from '../stacks/removal-policy.ts';

export interface UserPoolProps {
  readonly deployment: Deployment;
  /** As the application has them, defaults included. */
  readonly registers: readonly Register[];
}

/** How long a stolen token is good for, and how long somebody stays signed in. */
const TOKEN_VALIDITY = Duration.hours(1);
const SESSION = Duration.hours(12);
const MIN_PASSWORD_CHARACTERS = 14;

export class UserPool extends Construct {
  readonly pool: cognito.UserPool;
  readonly client: cognito.UserPoolClient;
  readonly groups: readonly cognito.UserPoolGroup[];
  readonly outputs: readonly CfnOutput[];

  constructor(scope: Construct, id: string, { deployment, registers }: UserPoolProps) {
    super(scope, id);
    this.pool = new cognito.UserPool(this, 'Pool', {
      // Whoever signs in may write what stays for ever, so nobody gives themselves an account.
      selfSignUpEnabled: false,
      signInAliases: { email: true },
      mfa: cognito.Mfa.REQUIRED,
      mfaSecondFactor: { otp: true, sms: false },
      passwordPolicy: {
        minLength: MIN_PASSWORD_CHARACTERS,
        requireDigits: true,
        requireLowercase: true,
        requireSymbols: true,
        requireUppercase: true,
        tempPasswordValidity: Duration.days(3),
      },
      accountRecovery: cognito.AccountRecovery.EMAIL_ONLY,
      deletionProtection: deployment.onDestroy === 'retain',
      removalPolicy: removalPolicyOf(deployment),
    });
    Validations.of(this.pool).acknowledge({
      id: 'AwsSolutions-COG8',
      reason:
        'The Plus plan is paid for each user; accounts are made by hand here and have a second factor already.',
    });
    this.client = this.pool.addClient('Client', {
      authFlows: { userSrp: true },
      disableOAuth: true,
      generateSecret: false,
      preventUserExistenceErrors: true,
      enableTokenRevocation: true,
      accessTokenValidity: TOKEN_VALIDITY,
      idTokenValidity: TOKEN_VALIDITY,
      refreshTokenValidity: SESSION,
    });
    this.groups = rolesOf(registers).map(
      (groupName) =>
        new cognito.UserPoolGroup(this, `Group ${groupName}`, { userPool: this.pool, groupName }),
    );
    this.outputs = [
      this.#tell('UserPoolId', this.pool.userPoolId, 'Where accounts are made'),
      this.#tell('UserPoolClientId', this.client.userPoolClientId, 'What signs in'),
    ];
  }

  /** What it takes to make accounts, and to sign in. */
  #tell(name: string, value: string, description: string): CfnOutput {
    const output = new CfnOutput(this, name, { value, description });
    output.overrideLogicalId(name);
    return output;
  }

  /** As an issuer of Daybook's configuration; access tokens of Cognito have no `aud`, but the client's id. */
  issuer(): Readonly<Record<string, string>> {
    const issuer = this.pool.userPoolProviderUrl;
    return {
      issuer,
      clientId: this.client.userPoolClientId,
      jwks: `${issuer}/.well-known/jwks.json`,
      // A subject is a UUID here, so it is nobody else's; and a second issuer later changes no owner.
      subjectPrefix: '',
    };
  }
}

const DIRECTIONS = ['read', 'write'] as const;

/** What a token can be for: the operator, and each direction of a register that takes tokens. */
function rolesOf(registers: readonly Register[]): string[] {
  const ofRegisters = registers.flatMap(({ name, access }) =>
    DIRECTIONS.filter((direction) => {
      const kinds = access[direction];
      return typeof kinds !== 'string' && kinds.includes('jwt');
    }).map((direction) => `${name}.${direction}`),
  );
  return ['admin', ...ofRegisters];
}
