"""First names that the slot `{first_name}` stands for, per language: common ones, so that "Anna from the bank" is told from "calling from the bank".

Data only, in plain spelling; Chinese has `{surname}` instead. Sources: name statistics of the Polish register of residents (most common first
names), Statistics Sweden, the Office for National Statistics; shortened by hand, pet forms added.
"""

from __future__ import annotations

FIRST_NAMES = {
    "en": (
        "Aaron Abby Abigail Adam Adrian Aisha Alan Alex Alexandra Alice Alison Amanda Amber Amelia Amir Amy Andrea Andrew Andy Angela Ann Anna Anne "
        "Anthony Arthur Ashley Barbara Barry Becky Ben Benjamin Beth Bethany Bill Billy Bob Brandon Brenda Brian Bruce Caitlin Callum Cameron Carl Carla "
        "Carol Caroline Catherine Charles Charlie Charlotte Chelsea Chloe Chris Christina Christine Christopher Claire Colin Connor Craig Daisy Dan "
        "Daniel Danielle Darren Dave David Dawn Dean Deborah Debbie Denise Dennis Derek Diana Donna Dorothy Duncan Dylan Eddie Edward Eleanor Elena "
        "Elizabeth Ella Ellie Emily Emma Eric Ethan Eva Evan Evelyn Fatima Fiona Florence Frances Frank Fred Gareth Gary Gavin Gemma Geoff George "
        "Georgia Gillian Glen Gloria Gordon Grace Graham Greg Hannah Harriet Harry Hassan Hazel Heather Helen Henry Holly Howard Ian Imran Irene Isaac "
        "Isabel Isla Ivan Jack Jackie Jacob Jake James Jamie Jane Janet Janice Jasmine Jason Jay Jayne Jean Jeff Jennifer Jenny Jeremy Jess Jessica Jill "
        "Jim Jo Joan Joanna Joanne Jodie Joe Joel John Jon Jonathan Jordan Joseph Josh Joshua Joyce Judith Judy Julia Julian Julie June Justin Karen Kate "
        "Katherine Kathy Katie Kay Keith Kelly Ken Kenneth Kerry Kevin Kieran Kim Kirsty Kyle Laura Lauren Lee Leah Leo Leon Lewis Liam Lily Linda Lindsay "
        "Lisa Liz Lorraine Louis Louise Lucas Lucy Luke Lydia Lynn Maggie Malcolm Marcus Margaret Maria Marie Marion Martin Mary Matt Matthew Maureen Max "
        "Megan Mel Melanie Melissa Michael Michelle Mike Mohammed Molly Monica Nadia Naomi Natalie Natasha Nathan Neil Nicholas Nick Nicola Nicole Nigel "
        "Nina Noah Nora Norman Olive Oliver Olivia Omar Oscar Owen Pam Pamela Patricia Patrick Paul Paula Pauline Pete Peter Phil Philip Polly Priya Rachel "
        "Ralph Ravi Ray Raymond Rebecca Richard Rita Rob Robert Robin Roger Ron Rosie Ross Roy Ruby Russell Ruth Ryan Sally Sam Samantha Samuel Sandra "
        "Sara Sarah Sean Sharon Shaun Sheila Shirley Simon Sofia Sophia Sophie Stacey Stanley Stella Stephanie Stephen Steve Steven Stewart Stuart Sue "
        "Susan Suzanne Sylvia Tamara Tanya Tara Ted Teresa Terry Thomas Tim Tina Toby Todd Tom Tony Tracey Tracy Trevor Tyler Valerie Vanessa Vera "
        "Victor Victoria Vincent Violet Wayne Wendy William Yasmin Yvonne Zara Zoe"
    ),
    "pl": (
        "Adam Adrian Adrianna Agata Agnieszka Alan Albert Aldona Aleksander Aleksandra Alicja Amelia Anastazja Andrzej Aneta Angelika Ania Anita Anna "
        "Antoni Antonina Apolonia Arek Arkadiusz Artur Asia Barbara Bartek Bartłomiej Bartosz Basia Beata Bernadeta Blanka Błażej Bogdan Bogumiła Bogusław "
        "Bożena Borys Bronisław Cecylia Celina Cezary Czesław Dagmara Damian Daniel Danuta Daria Dariusz Dawid Dominik Dominika Dorota Edward Edyta Ela "
        "Eliza Elżbieta Emil Emilia Eryk Eugeniusz Ewa Ewelina Fabian Felicja Feliks Filip Franciszek Gabriel Gabriela Genowefa Gosia Gracjan Grażyna "
        "Grzegorz Halina Hanna Helena Henryk Hubert Iga Ignacy Igor Ilona Irena Ireneusz Iwona Iza Izabela Jacek Jadwiga Jagoda Jakub Jan Janina Janusz "
        "Jarek Jarosław Jerzy Joanna Jolanta Józef Julia Julian Julita Justyna Kacper Kaja Kajetan Kalina Kamil Kamila Karol Karolina Kasia Katarzyna "
        "Kazimierz Kinga Klara Klaudia Konrad Konstanty Kornelia Krystian Krystyna Krzysztof Krzysiek Kuba Laura Lech Lena Leon Leszek Lidia Liliana Lucjan "
        "Lucyna Ludwik Łucja Łukasz Maciej Magda Magdalena Maja Maks Maksymilian Malwina Małgorzata Marcel Marcelina Marcin Marek Maria Marian Marianna "
        "Mariola Mariusz Marlena Marta Martyna Mateusz Matylda Michalina Michał Mieczysław Mikołaj Milena Mirosław Mirosława Monika Nadia Natalia Natan "
        "Nikodem Nikola Nina Norbert Ola Olaf Olek Olga Olgierd Oliwia Oliwier Oskar Patrycja Patryk Paula Paulina Paweł Piotr Piotrek Pola Przemek "
        "Przemysław Radek Radosław Rafał Regina Renata Robert Roksana Roman Róża Ryszard Sabina Sandra Sebastian Sergiusz Sławomir Sonia Stanisław Stefan "
        "Stefania Sylwester Sylwia Szymon Tadeusz Tamara Teodor Teresa Tobiasz Tomasz Tomek Tymon Tymoteusz Urszula Wacław Waldemar Wanda Weronika Wiesław "
        "Wiesława Wiktor Wiktoria Wioletta Witold Władysław Wojciech Wojtek Zbigniew Zbyszek Zdzisław Zenon Zofia Zosia Zuzanna Zygmunt Żaneta"
    ),
    "sv": (
        "Adam Agneta Agnes Albin Alexander Alexandra Alfred Alice Alma Alva Amanda Amir Anders Andreas Anette Anita Anja Anna Annelie Annika Anton "
        "Arne Arvid Astrid August Axel Barbro Beatrice Bengt Berit Bertil Birgitta Björn Britt Camilla Carina Carl Carolina Caroline Catarina Cecilia "
        "Charlie Charlotta Charlotte Christer Christian Christina Christoffer Claes Clara Dan Daniel David Dennis Ebba Edvin Einar Elias Elin Elisabeth "
        "Ella Ellen Elsa Elvira Emelie Emil Emilia Emma Erik Erika Ester Eva Evelina Fabian Fatima Felicia Felix Filip Frans Fredrik Freja Frida Gabriel "
        "Gerda Greger Greta Gun Gunilla Gunnar Gustav Gustaf Göran Hampus Hanna Hans Harald Hasse Hedda Helen Helena Helene Henrik Herman Hilda Hilma Hugo "
        "Håkan Ida Inga Ingela Inger Ingmar Ingrid Irene Isabella Isabelle Isak Ivar Jakob Jan Janne Jasmin Jennifer Jenny Jens Jesper Jessica Jimmy Joakim "
        "Joel Johan Johanna John Johnny Jonas Jonathan Josef Josefin Josefine Julia Kaj Kajsa Kalle Karin Karl Karolina Katarina Kenneth Kent Kerstin Kim "
        "Kjell Klara Klas Kristian Kristina Kristoffer Lars Lasse Leif Lena Leo Liam Linda Linn Linnea Linus Lisa Lisbeth Louise Lotta Lova "
        "Lovisa Lucas Lukas Madeleine Magdalena Magnus Maja Malin Malte Marcus Margareta Maria Marianne Marie Markus Marta Martin Martina Mathias Matilda "
        "Mats Mattias Max Maximilian Melker Mia Michael Mikael Milla Milton Moa Mohamed Molly Monica Monika Måns Märta Nathalie Nellie Niclas Niklas Nils "
        "Nina Noah Nora Ola Olav Olivia Olle Olof Oscar Oskar Otto Patric Patrik Paulina Per Pernilla Peter Petra Petter Pia Pontus Rebecka Rickard Robert "
        "Robin Roger Roland Rolf Ronja Ronny Rune Ruth Saga Samuel Sandra Sanna Sara Sebastian Selma Sigge Signe Sigrid Simon Siv Sofia Sofie Staffan Stefan "
        "Stella Sten Stig Stina Susanna Susanne Svante Sven Tage Teodor Teresa Therese Thomas Tilda Tilde Tim Tina Tobias Tom Tomas Tommy Torbjörn Tore "
        "Torsten Torvald Tove Ture Tuva Tyra Ulf Ulla Ulrika Urban Valter Vera Veronica Vidar Viggo Viktor Viktoria Ville Vilma Vincent Wilhelm Wille William "
        "Wilma Ylva Yngve Yvonne Zara Åke Åsa Örjan"
    ),
}
