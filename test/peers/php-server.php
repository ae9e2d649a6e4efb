<?php
// A SOAP server that we did not write: PHP's own, for the WSDL in the environment. Run it by php -S.
ini_set('soap.wsdl_cache_enabled', '0');
if ($_SERVER['REQUEST_METHOD'] === 'GET') {
    echo 'ready';
    return;
}

class Service
{
    private function greet($name)
    {
        if ($name === 'nobody') {
            throw new SoapFault('Client', 'who is <nobody>?', 'urn:php', ['Why' => ['Code' => 7]]);
        }
        return "hello $name";
    }

    public function Go($user, $tags = null)
    {
        // Of document/literal the one argument is the request's element.
        if (is_object($user) && isset($user->user)) {
            return ['greeting' => $this->greet($user->user->name), 'users' => [$user->user, $user->user], 'tags' => $user->tags ?? null];
        }
        return $this->greet($user->name) . ', ' . implode('+', is_array($tags) ? $tags : (array) ($tags->tag ?? []));
    }
}

$server = new SoapServer(getenv('WSDL'));
$server->setClass('Service');
$server->handle();
