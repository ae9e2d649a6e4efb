# Judges requests of the forms: validates each by the WSDL's schemas with libxml2, lets zeep read it, and lets zeep write what it read as the answer.
# Reads JSON [{name, wsdl, body, zeep}] from the file that is given, prints JSON [{valid, answer}].
import json
import sys
import tempfile
from pathlib import Path

from lxml import etree
from zeep import Client, Settings

XS = 'http://www.w3.org/2001/XMLSchema'


def schema_of(wsdl, folder):
    schemas = [etree.fromstring(etree.tostring(each)) for each in etree.fromstring(wsdl.encode()).iter('{%s}schema' % XS)]
    files = {each.get('targetNamespace'): folder / f'{index}.xsd' for index, each in enumerate(schemas)}
    for each in schemas:
        for imported in each.findall('{%s}import' % XS):
            if imported.get('namespace') in files:
                imported.set('schemaLocation', str(files[imported.get('namespace')]))
        files[each.get('targetNamespace')].write_bytes(etree.tostring(each))
    driver = folder / 'all.xsd'
    imports = ''.join(f'<xs:import namespace="{name}" schemaLocation="{file}"/>' for name, file in files.items())
    driver.write_text(f'<xs:schema xmlns:xs="{XS}" targetNamespace="urn:all">{imports}</xs:schema>')
    return etree.XMLSchema(etree.parse(str(driver)))


def judge(case):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        schema = schema_of(case['wsdl'], folder)
        request = etree.fromstring(case['body'].encode())
        valid = 'valid' if schema.validate(request) else str(schema.error_log.last_error)
        if not case['zeep']:
            return {'valid': valid, 'answer': None}
        file = folder / 'service.wsdl'
        file.write_text(case['wsdl'])
        client = Client(str(file), settings=Settings(strict=True))
        value = client.get_element('{urn:x}Go').parse(request, client.wsdl.types)
        parent = etree.Element('parent')
        client.get_element('{urn:x}GoR').render(parent, value)
        return {'valid': valid, 'answer': etree.tostring(parent[0], encoding='unicode')}


answers = []
for case in json.loads(Path(sys.argv[1]).read_text()):
    try:
        answers.append(judge(case))
    except Exception as error:  # noqa: BLE001
        answers.append({'valid': 'failed', 'answer': f'{type(error).__name__}: {error}'})
print(json.dumps(answers))
