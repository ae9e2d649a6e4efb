import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { listen } from 'soap';
import { importing } from '../support/imported.ts';

const made = importing();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const SP = 'http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702';
const TOKEN =
  '<sp:SignedSupportingTokens><wsp:Policy><sp:UsernameToken sp:IncludeToken="AlwaysToRecipient"><wsp:Policy><sp:WssUsernameToken10/></wsp:Policy></sp:UsernameToken></wsp:Policy></sp:SignedSupportingTokens>';
const tls = (token = '', more = '') =>
  `<sp:TransportBinding><wsp:Policy><sp:TransportToken><wsp:Policy><sp:HttpsToken><wsp:Policy>${token}</wsp:Policy></sp:HttpsToken></wsp:Policy></sp:TransportToken><sp:AlgorithmSuite><wsp:Policy><sp:Basic256/></wsp:Policy></sp:AlgorithmSuite><sp:Layout><wsp:Policy><sp:Strict/></wsp:Policy></sp:Layout>${more}</wsp:Policy></sp:TransportBinding>`;
const SIGNED = `<sp:AsymmetricBinding><wsp:Policy><sp:InitiatorToken><wsp:Policy><sp:X509Token/></wsp:Policy></sp:InitiatorToken></wsp:Policy></sp:AsymmetricBinding><sp:SignedParts><sp:Body/></sp:SignedParts>`;

/** A WSDL of one operation whose binding has a policy, `ofPolicy` inside of `wsp:Policy`. */
function wsdl(
  ofPolicy: string,
  { ofOperation = '', address = 'https://bank.example.com/soap', wsp = 'http://www.w3.org/ns/ws-policy' } = {},
): string {
  return `<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:bank" targetNamespace="urn:bank"
    xmlns:wsp="${wsp}" xmlns:sp="${SP}" xmlns:wsam="http://www.w3.org/2007/05/addressing/metadata" xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl" xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">
  <wsp:Policy wsu:Id="BankPolicy">${ofPolicy}</wsp:Policy>
  <wsdl:types><xs:schema targetNamespace="urn:bank" elementFormDefault="qualified">
    <xs:element name="GetBalance"><xs:complexType><xs:sequence><xs:element name="account" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
    <xs:element name="GetBalanceResponse"><xs:complexType><xs:sequence><xs:element name="balance" type="xs:int"/></xs:sequence></xs:complexType></xs:element>
  </xs:schema></wsdl:types>
  <wsdl:message name="In"><wsdl:part name="parameters" element="t:GetBalance"/></wsdl:message>
  <wsdl:message name="Out"><wsdl:part name="parameters" element="t:GetBalanceResponse"/></wsdl:message>
  <wsdl:portType name="Bank"><wsdl:operation name="GetBalance"><wsdl:input message="t:In"/><wsdl:output message="t:Out"/></wsdl:operation></wsdl:portType>
  <wsdl:binding name="BankBinding" type="t:Bank"><wsp:PolicyReference URI="#BankPolicy"/><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="GetBalance">${ofOperation}<soap:operation soapAction="urn:bank/GetBalance"/><wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>
  </wsdl:binding>
  <wsdl:service name="BankService"><wsdl:port name="BankPort" binding="t:BankBinding"><soap:address location="${address}"/></wsdl:port></wsdl:service>
</wsdl:definitions>`;
}

const all = (...alternatives: string[]) =>
  `<wsp:ExactlyOne>${alternatives.map((each) => `<wsp:All>${each}</wsp:All>`).join('')}</wsp:ExactlyOne>`;
const found = async (text: string) => {
  const { code, findings } = await made.from(text);
  return { code, findings: findings.map(({ what, instead }) => `${what}: ${instead}`) };
};

describe('policies of a WSDL', () => {
  test.each(['PasswordText', 'PasswordDigest'])('a UsernameToken is sent to a server of node-soap: %s', async (form) => {
    const digest = form === 'PasswordDigest' ? TOKEN.replace('<sp:WssUsernameToken10/>', '<sp:HashPassword/>') : TOKEN;
    const seen: string[] = [];
    const text = wsdl(all(tls('', '<sp:IncludeTimestamp/>') + digest));
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => server.close());
    const soap = listen(server, '/bank', { BankService: { BankPort: { GetBalance: () => ({ balance: 7 }) } } }, text);
    type Security = { readonly Timestamp?: object; readonly UsernameToken?: { readonly Username?: string } };
    soap.authorizeConnection = () => true;
    soap.log = (kind, data) => void (kind === 'received' && seen.push(String(data)));
    soap.authenticate = (security: unknown) => {
      const { UsernameToken, Timestamp } = security as Security;
      return UsernameToken?.Username === 'ada' && Timestamp !== undefined;
    };
    const imported = await made.from(text);
    expect(imported.findings).toEqual([]);
    const { connect } = await made.load(imported);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/bank`;
    const options = { url, wsdl: `${url}?wsdl` };
    const client = connect({ ...options, username: 'ada', password: 'secret' });
    closing.push(() => client.close());
    expect(await client['getBalance']?.({ account: '1' })).toBe(7);
    expect(seen.join('')).toContain(`#${form}`);
    const nobody = connect(options);
    closing.push(() => nobody.close());
    await expect(nobody['getBalance']?.({ account: '1' })).rejects.toThrow();
  });

  test('credentials of HTTP and TLS are the security of the contract', async () => {
    const basic = await found(wsdl(all(tls('<sp:HttpBasicAuthentication/>'))));
    expect(basic.findings).toEqual([]);
    expect(basic.code).toContain("security: 'basic'");
    expect(basic.code).toContain('readonly password?: string | undefined;');
    const certificate = await found(wsdl(all(tls('<sp:RequireClientCertificate/>'))));
    expect(certificate.code).toContain("security: 'certificate'");
    expect(certificate.findings).toEqual(["a certificate of the client (mutual TLS): give it in the option 'tls'"]);
  });

  test('a policy of an operation, in an older version of WS-Policy, without a reference', async () => {
    const own = `<wsp:Policy><wsam:Addressing/><sp:SupportingTokens><wsp:Policy><sp:SamlToken/></wsp:Policy></sp:SupportingTokens></wsp:Policy>`;
    const { code, findings } = await found(wsdl('', { ofOperation: own, wsp: 'http://schemas.xmlsoap.org/ws/2004/09/policy' }));
    expect(findings).toEqual([
      "a token of the kind SamlToken: give connect({ security: new WSSecurityCert(…) }), a class of the package 'soap'",
    ]);
    expect(code).toContain('addressing: true');
  });

  test('of alternatives the one that asks for the least, and nothing for what is optional', async () => {
    const { code, findings } = await found(wsdl(all(SIGNED, tls() + TOKEN)));
    expect(findings).toEqual([]);
    expect(code).toContain("new WSSecurity(username, password ?? '', { passwordType: 'PasswordText', hasTimeStamp: false })");
    const optional = await found(wsdl('<wsam:Addressing wsp:Optional="true"/>'));
    expect([optional.findings, optional.code.includes('addressing')]).toEqual([[], false]);
    expect((await found(wsdl('', { ofOperation: '<wsaw:UsingAddressing/>' }))).code).not.toContain('addressing');
  });

  test('whatever the client does not do by itself is reported', async () => {
    const more = '<wsoma:OptimizedMimeSerialization xmlns:wsoma="urn:mtom"/><acme:Ours xmlns:acme="urn:acme"/>';
    const { findings, code } = await found(wsdl(SIGNED + more, { address: 'http://bank.example.com/' }));
    expect(code).toContain('mtom: true');
    expect(findings).toEqual([
      "messages that are signed or encrypted: give connect({ security: new WSSecurityCert(…) }), a class of the package 'soap'",

      'the policy Ours: not heeded',
    ]);
    expect((await found(wsdl(tls(), { address: 'http://bank.example.com/' }))).findings).toEqual([
      'calls over TLS, and an address without it (http://bank.example.com/): give an https address as `url`',
    ]);
    const elsewhere = wsdl('').replace('#BankPolicy', 'urn:elsewhere');
    expect((await found(elsewhere)).findings).toEqual(['a policy that is in none of its documents: not heeded']);
    const inCircles = wsdl('<wsp:PolicyReference URI="#BankPolicy"/>');
    expect((await found(inCircles)).findings).toEqual([]);
    const many = Array.from({ length: 20 }, (_, index) =>
      all(`<acme:A${index} xmlns:acme="urn:a"/>`, `<acme:B${index} xmlns:acme="urn:a"/>`),
    );
    expect((await found(wsdl(many.join('')))).findings).toHaveLength(20);
  });

  test('every module compiles', { timeout: 60_000 }, () => {
    expect(made.diagnostics()).toEqual([]);
  });
});
