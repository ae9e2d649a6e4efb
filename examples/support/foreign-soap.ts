/** The WSDL of a bank's service: its own names, its own namespace. */
export function foreignWsdl(url: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema"
  xmlns:b="urn:bank.example:rates:v2" targetNamespace="urn:bank.example:rates:v2">
  <types>
    <xs:schema targetNamespace="urn:bank.example:rates:v2" elementFormDefault="qualified">
      <xs:element name="FetchRates"><xs:complexType><xs:sequence><xs:element name="Base" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
      <xs:element name="FetchRatesResponse"><xs:complexType><xs:sequence><xs:element name="FetchRatesResult"><xs:complexType><xs:sequence>
        <xs:element name="Rate" minOccurs="0" maxOccurs="unbounded"><xs:complexType>
          <xs:sequence><xs:element name="VALUE" type="xs:decimal"/><xs:element name="Code" type="xs:string"/></xs:sequence>
          <xs:attribute name="currency" type="xs:string"/>
        </xs:complexType></xs:element>
      </xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element>
    </xs:schema>
  </types>
  <message name="FetchRatesIn"><part name="body" element="b:FetchRates"/></message>
  <message name="FetchRatesOut"><part name="body" element="b:FetchRatesResponse"/></message>
  <portType name="Rates"><operation name="FetchRates"><input message="b:FetchRatesIn"/><output message="b:FetchRatesOut"/></operation></portType>
  <binding name="RatesSoap" type="b:Rates">
    <soap:binding transport="http://schemas.xmlsoap.org/soap/http" style="document"/>
    <operation name="FetchRates">
      <soap:operation soapAction="urn:bank.example:rates:v2:FetchRates"/>
      <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output>
    </operation>
  </binding>
  <service name="RatesService"><port name="RatesPort" binding="b:RatesSoap"><soap:address location="${url}/"/></port></service>
</definitions>`;
}

/** The bank's answer to a request. */
export function foreignAnswer(request: string): { status: number; envelope: string } {
  const base = /<(?:\w+:)?Base[^>]*>([^<]*)</.exec(request)?.[1];
  const wrap = (body: string) => `<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>${body}</S:Body></S:Envelope>`;
  if (base !== 'EUR') {
    return { status: 500, envelope: wrap(`<S:Fault><faultcode>S:Client</faultcode><faultstring>unknown currency</faultstring></S:Fault>`) };
  }
  const rate = '<r:Rate currency="USD"><r:VALUE>1.0850</r:VALUE><r:Code>007</r:Code></r:Rate>';
  return {
    status: 200,
    envelope: wrap(
      `<r:FetchRatesResponse xmlns:r="urn:bank.example:rates:v2"><r:FetchRatesResult>${rate}</r:FetchRatesResult></r:FetchRatesResponse>`,
    ),
  };
}
