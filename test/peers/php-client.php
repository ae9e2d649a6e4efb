<?php
// A SOAP client that we did not write: PHP's own. Calls the blog from its WSDL in both versions, and prints what it got as JSON.
ini_set('soap.wsdl_cache_enabled', '0');
$answers = [];
foreach ([SOAP_1_1, SOAP_1_2] as $version) {
    $client = new SoapClient($argv[1], ['soap_version' => $version, 'features' => SOAP_SINGLE_ELEMENT_ARRAYS, 'cache_wsdl' => WSDL_CACHE_NONE, 'location' => $argv[2]]);
    $fault = null;
    try {
        $client->GetUser(['Id' => 9]);
    } catch (SoapFault $error) {
        $fault = ['code' => $error->faultcode, 'message' => $error->getMessage(), 'detail' => $error->detail->ApiFault->Code];
    }
    $answers[] = [
        'user' => $client->GetUser(['Id' => 123]),
        'posts' => count($client->GetUserPosts(['UserId' => 123, 'Limit' => 1])->Post),
        'fault' => $fault,
    ];
}
echo json_encode($answers);
