-- Names and places. Letters beyond ASCII, an apostrophe and a comma are here on purpose: real files have them.
set variable first_names = [
    'Anna', 'Ben', 'Clara', 'David', 'Emma', 'Felix', 'Greta', 'Hugo', 'Ida', 'Jonas', 'Karin', 'Leon',
    'Marie', 'Noah', 'Olga', 'Paul', 'Rosa', 'Simon', 'Tessa', 'Victor', 'Wanda', 'Yusuf', 'Zoe', 'Elena',
    'Mateusz', 'Sofia', 'Liam', 'Chloe', 'Lars', 'Ines'
];

set variable last_names = [
    'Schmidt', 'Meyer', 'Fischer', 'Weber', 'Wagner', 'Becker', 'Hoffmann', 'Koch', 'Martin', 'Bernard',
    'Dubois', 'Petit', 'Moreau', 'Smith', 'Jones', 'Taylor', 'Brown', 'O''Brien', 'Jansen', 'Bakker',
    'Visser', 'Gruber', 'Huber', 'Svensson', 'Nilsson', 'Nowak', 'Kowalska', 'Zielinska', 'Keller',
    'Baumann', 'Garcia', 'Lopez', 'Rossi', 'Bianchi', 'Miller', 'Davis', 'Kaya', 'Novak'
];

-- Indents are not judged here: the linter would move the body of a macro to the left.
-- noqa: disable=LT02

create macro cities_of(country) as
    case country
        when 'DE'
            then ['Berlin', 'Berlin', 'Hamburg', 'München', 'Köln', 'Frankfurt', 'Leipzig', 'Stuttgart', 'Münster']
        when 'FR' then ['Paris', 'Paris', 'Lyon', 'Marseille', 'Lille', 'Saint-Étienne', 'Nantes']
        when 'GB' then ['London', 'London', 'Leeds', 'Bristol', 'Glasgow', 'Manchester']
        when 'NL' then ['Amsterdam', 'Rotterdam', 'Utrecht', 'Eindhoven']
        when 'AT' then ['Wien', 'Wien', 'Graz', 'Linz', 'Salzburg']
        when 'SE' then ['Stockholm', 'Göteborg', 'Malmö', 'Uppsala']
        when 'PL' then ['Warszawa', 'Kraków', 'Łódź', 'Gdańsk', 'Wrocław']
        when 'CH' then ['Zürich', 'Genève', 'Basel', 'Bern']
        when 'ES' then ['Madrid', 'Barcelona', 'Valencia', 'Sevilla']
        when 'IT' then ['Milano', 'Roma', 'Torino', 'Napoli']
        when 'US' then ['New York, NY', 'Austin, TX', 'Seattle, WA']
    end;
