package caller;

import com.example.*;
import com.example.postservice.*;
import com.example.sensorservice.*;
import com.example.userservice.*;
import java.math.BigDecimal;
import java.net.URL;
import javax.xml.ws.soap.SOAPFaultException;

/** Calls the Blog by the classes that wsimport makes of its WSDL, over both versions of SOAP, and prints what it understands. */
public class Caller {
  public static void main(String[] args) throws Exception {
    URL wsdl = new URL(args[0]);
    UserService users = new UserService(wsdl);
    PostService posts = new PostService(wsdl);
    for (UserServicePortType port : new UserServicePortType[] {users.getUserServiceSoap11(), users.getUserServiceSoap12()}) {
      GetUserRequest get = new GetUserRequest();
      get.setId(123);
      User user = port.getUser(get).getUser();
      System.out.println(user.getId() + " " + user.getUsername() + " " + user.getCreatedAt());
      get.setId(9);
      try {
        port.getUser(get);
      } catch (UserServiceFault fault) {
        System.out.println(fault.getMessage() + ": " + fault.getFaultInfo().getCode());
      }
    }
    for (PostServicePortType port : new PostServicePortType[] {posts.getPostServiceSoap11(), posts.getPostServiceSoap12()}) {
      CreatePostRequest create = new CreatePostRequest();
      create.setTitle("<Hello> & ]]> \u00fc \ud83d\ude00");
      create.setContent("two\nlines");
      create.setAuthorId(123);
      Post post = port.createPost(create).getPost();
      System.out.println(post.getTitle().equals(create.getTitle()) + " " + post.getContent().equals(create.getContent()));
      GetUserPostsRequest list = new GetUserPostsRequest();
      list.setUserId(123);
      list.setLimit(2);
      System.out.println(port.getUserPosts(list).getPost().size());
      list.setLimit(0);
      try {
        port.getUserPosts(list);
      } catch (PostServiceFault fault) {
        System.out.println(fault.getFaultInfo().getCode());
      }
    }
    ReportTemperatureRequest report = new ReportTemperatureRequest();
    report.setSensorId("roof");
    report.setCelsius(new BigDecimal("21.5"));
    System.out.println(new SensorService(wsdl).getSensorServiceSoap12().reportTemperature(report).getTemperatureReading().getCelsius());
  }
}
