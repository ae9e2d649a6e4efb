package shop;

import java.math.BigDecimal;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import javax.jws.Oneway;
import javax.jws.WebMethod;
import javax.jws.WebParam;
import javax.jws.WebResult;
import javax.jws.WebService;
import javax.xml.bind.annotation.*;
import javax.xml.ws.BindingType;
import javax.xml.ws.Endpoint;
import javax.xml.ws.Holder;
import javax.xml.ws.WebFault;
import javax.xml.ws.soap.Addressing;
import javax.xml.ws.soap.MTOM;
import javax.xml.ws.soap.SOAPBinding;

/** A SOAP server that we did not write: the reference implementation of JAX-WS, on the JDK's HTTP server. Prints its port. */
public class Peer {
  @XmlEnum
  public enum Kind { SMALL, @XmlEnumValue("extra large") LARGE }

  @XmlAccessorType(XmlAccessType.FIELD)
  @XmlType(namespace = "urn:types", propOrder = {"name", "tags", "price", "when", "data", "kind"})
  @XmlSeeAlso(Special.class)
  public static class Item {
    @XmlAttribute(required = true) public long id;
    @XmlAttribute(namespace = "http://www.w3.org/XML/1998/namespace") public String lang;
    @XmlElement(namespace = "urn:types", required = true) public String name;
    @XmlElementWrapper(name = "tags", namespace = "urn:types") @XmlElement(name = "tag", namespace = "urn:types") public List<String> tags = new ArrayList<>();
    @XmlElement(nillable = true) public BigDecimal price;
    public Date when;
    public byte[] data;
    public Kind kind;
  }

  @XmlAccessorType(XmlAccessType.FIELD)
  @XmlType(namespace = "urn:types")
  public static class Special extends Item {
    public boolean rare;
  }

  public static class Trouble {
    public int left;
    public String why;
  }

  @WebFault(name = "Trouble", targetNamespace = "urn:shop")
  public static class TroubleException extends Exception {
    private final Trouble info;
    public TroubleException(String message, Trouble info) {
      super(message);
      this.info = info;
    }
    public Trouble getFaultInfo() { return info; }
  }

  @WebService(targetNamespace = "urn:shop", serviceName = "Shop", portName = "ShopPort")
  public static class Shop {
    private String noted = "";

    @WebMethod @WebResult(name = "item")
    public Item echo(@WebParam(name = "item") Item item) { return item; }

    @WebMethod
    public List<Item> list(@WebParam(name = "count") int count) {
      List<Item> items = new ArrayList<>();
      for (int n = 1; n <= count; n++) {
        Item item = n % 2 == 0 ? new Special() : new Item();
        item.id = n;
        item.name = "item " + n + " <&> \u00fc";
        items.add(item);
      }
      return items;
    }

    @WebMethod
    public String greet(@WebParam(name = "name") String name, @WebParam(name = "session", header = true) String session, @WebParam(name = "length", mode = WebParam.Mode.OUT) Holder<Integer> length) throws TroubleException {
      if (name.equals("nobody")) {
        Trouble trouble = new Trouble();
        trouble.left = 3;
        trouble.why = "who is <nobody>?";
        throw new TroubleException("no such name", trouble);
      }
      if (name.equals("crash")) throw new IllegalStateException("it broke");
      length.value = name.length();
      return "hello " + name + " of " + session;
    }

    @WebMethod @Oneway
    public void note(@WebParam(name = "text") String text) { noted = text; }

    @WebMethod
    public String noted() { return noted; }
  }

  @WebService(targetNamespace = "urn:shop", serviceName = "Shop", portName = "ShopPort")
  @BindingType(SOAPBinding.SOAP12HTTP_BINDING)
  public static class Shop12 extends Shop {}

  @WebService(targetNamespace = "urn:shop", serviceName = "Shop", portName = "ShopPort")
  @javax.jws.soap.SOAPBinding(style = javax.jws.soap.SOAPBinding.Style.RPC)
  public static class ShopRpc {
    @WebMethod @WebResult(name = "item")
    public Item echo(@WebParam(name = "item") Item item) { return item; }
  }

  /** Takes and gives messages in parts only if it is asked to, and then sends every byte in a part of its own. */
  @WebService(targetNamespace = "urn:shop", serviceName = "Shop", portName = "ShopPort")
  @MTOM(threshold = 0)
  @Addressing(required = true)
  public static class ShopParts extends Shop {}

  @WebService(targetNamespace = "urn:shop", serviceName = "Shop", portName = "ShopPort")
  @BindingType(SOAPBinding.SOAP12HTTP_MTOM_BINDING)
  @MTOM(threshold = 0)
  public static class ShopParts12 extends Shop {}

  public static void main(String[] args) throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0)) { port = free.getLocalPort(); }
    String url = "http://127.0.0.1:" + port;
    Endpoint.publish(url + "/11", new Shop());
    Endpoint.publish(url + "/12", new Shop12());
    Endpoint.publish(url + "/rpc", new ShopRpc());
    Endpoint.publish(url + "/parts11", new ShopParts());
    Endpoint.publish(url + "/parts12", new ShopParts12());
    System.out.println(port);
  }
}
