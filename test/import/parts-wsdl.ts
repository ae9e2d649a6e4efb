/** As .NET writes them: a WSDL, and the schema that it imports. */
export const partsWsdl = {
  wsdl: `<?xml version="1.0"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:parts" targetNamespace="urn:parts">
  <wsdl:types><s:schema targetNamespace="urn:types"><s:import namespace="urn:parts" schemaLocation="parts.xsd"/></s:schema></wsdl:types>
  <wsdl:message name="GetNodeIn"><wsdl:part name="parameters" element="t:GetNode"/></wsdl:message>
  <wsdl:message name="GetNodeOut"><wsdl:part name="parameters" element="t:GetNodeResponse"/></wsdl:message>
  <wsdl:message name="PingIn"><wsdl:part name="parameters" element="t:Ping"/></wsdl:message>
  <wsdl:message name="PingOut"><wsdl:part name="parameters" element="t:PingResponse"/></wsdl:message>
  <wsdl:message name="QueryIn"><wsdl:part name="parameters" element="t:Query"/></wsdl:message>
  <wsdl:message name="QueryOut"><wsdl:part name="parameters" element="t:QueryResponse"/></wsdl:message>
  <wsdl:message name="PayIn"><wsdl:part name="session" element="t:Session"/><wsdl:part name="parameters" element="t:Pay"/></wsdl:message>
  <wsdl:message name="PayOut"><wsdl:part name="parameters" element="t:PayResponse"/></wsdl:message>
  <wsdl:message name="RefusedFault"><wsdl:part name="fault" element="t:Refused"/></wsdl:message>
  <wsdl:message name="SayIn"><wsdl:part name="parameters" element="t:Say"/></wsdl:message>
  <wsdl:portType name="P">
    <wsdl:operation name="GetNode"><wsdl:documentation>Finds a part.</wsdl:documentation><wsdl:input message="t:GetNodeIn"/><wsdl:output message="t:GetNodeOut"/></wsdl:operation>
    <wsdl:operation name="Ping"><wsdl:input message="t:PingIn"/><wsdl:output message="t:PingOut"/></wsdl:operation>
    <wsdl:operation name="Query"><wsdl:input message="t:QueryIn"/><wsdl:output message="t:QueryOut"/></wsdl:operation>
    <wsdl:operation name="Say"><wsdl:input message="t:SayIn"/></wsdl:operation>
    <wsdl:operation name="Pay"><wsdl:input message="t:PayIn"/><wsdl:output message="t:PayOut"/><wsdl:fault name="Refused" message="t:RefusedFault"/></wsdl:operation>
  </wsdl:portType>
  <wsdl:binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="GetNode"><soap:operation soapAction="urn:partsGetNode"/><wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>
    <wsdl:operation name="Ping"><soap:operation soapAction="urn:partsPing"/><wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>
    <wsdl:operation name="Query"><soap:operation soapAction="urn:partsQuery"/><wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>
    <wsdl:operation name="Say"><soap:operation soapAction="urn:partsSay"/><wsdl:input><soap:body use="literal"/></wsdl:input></wsdl:operation>
    <wsdl:operation name="Pay"><soap:operation soapAction="urn:partsPay"/><wsdl:input><soap:header message="t:PayIn" part="session" use="literal"/><soap:body use="literal" parts="parameters"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>
  </wsdl:binding>
  <wsdl:binding name="B12" type="t:P"><soap12:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="Ping"><soap12:operation soapAction="urn:partsPing"/><wsdl:input><soap12:body use="literal"/></wsdl:input><wsdl:output><soap12:body use="literal"/></wsdl:output></wsdl:operation></wsdl:binding>
  <wsdl:service name="Parts"><wsdl:port name="PSoap12" binding="t:B12"><soap12:address location="http://localhost/p"/></wsdl:port><wsdl:port name="PSoap" binding="t:B"><soap:address location="http://localhost/p"/></wsdl:port></wsdl:service>
</wsdl:definitions>`,
  xsd: `<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:parts" elementFormDefault="qualified" targetNamespace="urn:parts">
    <s:simpleType name="Colour"><s:restriction base="s:string"><s:enumeration value="Red"/><s:enumeration value="Light Blue"/></s:restriction></s:simpleType>
    <s:simpleType name="Code"><s:restriction base="s:string"><s:pattern value="[A-Z]{2}\\d+"/><s:maxLength value="8"/></s:restriction></s:simpleType>
    <s:complexType name="Node"><s:annotation><s:documentation>A part, and the parts
      of it.</s:documentation></s:annotation><s:sequence>
      <s:element name="Name" type="s:string" nillable="true"/><s:element name="Colour" type="t:Colour" minOccurs="0"/>
      <s:element name="Parts" type="t:ArrayOfNode" minOccurs="0"/><s:element name="Tag" type="s:string" minOccurs="0" maxOccurs="unbounded"/>
      <s:choice><s:element name="Weight" type="s:decimal"/><s:element name="Count" type="s:unsignedShort"/></s:choice></s:sequence>
      <s:attribute name="Id" type="s:long" use="required"/><s:attribute name="name" type="s:string"/></s:complexType>
    <s:complexType name="ArrayOfNode"><s:sequence><s:element name="Node" type="t:Node" nillable="true" minOccurs="0" maxOccurs="unbounded"/></s:sequence></s:complexType>
    <s:element name="GetNode"><s:complexType><s:sequence><s:element name="code" type="t:Code"/><s:element name="at" type="s:dateTime" minOccurs="0"/></s:sequence></s:complexType></s:element>
    <s:element name="GetNodeResponse"><s:complexType><s:sequence><s:element name="GetNodeResult" type="t:Node" minOccurs="0"/></s:sequence></s:complexType></s:element>
    <s:element name="Ping"><s:complexType/></s:element>
    <s:element name="PingResponse"><s:complexType/></s:element>
    <s:element name="Query"><s:complexType><s:sequence><s:element name="sql" type="s:string"/></s:sequence></s:complexType></s:element>
    <s:element name="QueryResponse"><s:complexType><s:sequence><s:element name="QueryResult" minOccurs="0"><s:complexType><s:sequence><s:element ref="s:schema"/><s:any/></s:sequence></s:complexType></s:element></s:sequence></s:complexType></s:element>
    <s:element name="Say" type="s:string"/>
      <s:complexType name="Means" abstract="true"><s:sequence><s:element name="Amount" type="t:Money"/></s:sequence></s:complexType>
    <s:complexType name="Card"><s:complexContent><s:extension base="t:Means"><s:sequence><s:element name="Number" type="s:string"/></s:sequence></s:extension></s:complexContent></s:complexType>
    <s:complexType name="Cash"><s:complexContent><s:extension base="t:Means"/></s:complexContent></s:complexType>
    <s:complexType name="Money"><s:simpleContent><s:extension base="s:decimal"><s:attribute name="currency" type="s:string" use="required"/></s:extension></s:simpleContent></s:complexType>
    <s:complexType name="Lines"><s:sequence><s:element name="Line" type="t:Line" minOccurs="0" maxOccurs="unbounded"/></s:sequence></s:complexType>
    <s:complexType name="Line"><s:sequence><s:element name="Sku" type="s:string"/><s:element name="Quantity" type="s:int"/></s:sequence></s:complexType>
    <s:element name="Session"><s:complexType><s:sequence><s:element name="Token" type="s:string"/></s:sequence></s:complexType></s:element>
    <s:element name="Refused" type="s:string"/>
    <s:element name="Pay"><s:complexType><s:sequence><s:element name="Lines" type="t:Lines"/><s:element name="Means" type="t:Means"/></s:sequence></s:complexType></s:element>
    <s:element name="PayResponse"><s:complexType><s:sequence><s:element name="Receipt" type="s:string"/><s:element name="Paid" type="s:dateTime"/></s:sequence></s:complexType></s:element>
  </s:schema>`,
};
